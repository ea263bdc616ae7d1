"""What the search finds speaks against what was decided before; over real HTTP."""

from __future__ import annotations

import pytest

from core import clocks
from orders.models import Attempt, Order
from orders.placing import place_orders
from orders.recovery import not_placed
from orders.recovery.search import replay
from orders.status import Doubt, Outcome, Resolution, Status
from tests.builders import make_user

from .bench import GRACE, Bench, running_box

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, _ = clocks.LOOK_AFTER_SECONDS


@pytest.fixture
def box(settings):
    with running_box(settings) as box:
        yield box


def said_not_to_be_there(bench: Bench) -> Order:
    """A person was wrong: the provider has it."""
    order = bench.lose(taken=True)
    bench.wait(GRACE + 1)
    assert not_placed.prove_not_placed(
        order,
        order.attempts.get(),
        resolution=Resolution.PERSON,
        now=bench.clock(),
        text="Not there.",
    )
    bench.lift_halt()
    return Order.objects.get(pk=order.pk)


@pytest.mark.parametrize("wanted_again", [False, True])
def test_an_id_that_could_be_an_order_not_placed_puts_it_in_doubt_again(box, wanted_again):
    bench = Bench(box).calibrated()
    wrong = said_not_to_be_there(bench)
    if wanted_again:
        assert place_orders.requeue_order(wrong, actor=make_user(), now=bench.clock())
    other = bench.lose(taken=False, order=bench.place(quantity=(bench.service.min or 100) * 3))
    bench.recover(after=FIRST)
    wrong.refresh_from_db()
    attempt = Attempt.objects.get(order=wrong)
    assert (wrong.status, attempt.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)
    assert attempt.code == Doubt.IS_THERE
    assert attempt.evidence["candidate_id"] == bench.upstream()[-1]
    assert Order.objects.get(pk=other.pk).status == Status.UNCONFIRMED


def test_an_id_of_another_price_leaves_the_decision_as_it_is(box):
    bench = Bench(box).calibrated()
    wrong = said_not_to_be_there(bench)
    Order.objects.filter(pk=wrong.pk).update(estimate=1000, estimate_high=1000)
    bench.lose(taken=False, order=bench.place(quantity=(bench.service.min or 100) * 3))
    bench.recover(after=FIRST)
    assert Order.objects.get(pk=wrong.pk).status == Status.NOT_PLACED


def test_a_repeat_that_was_answered_after_the_decision_puts_it_in_doubt_again(box):
    bench = Bench(box).calibrated()
    wrong = said_not_to_be_there(bench)
    attempt = wrong.attempts.get()
    kept = {"token": attempt.token, "started_at": attempt.started_at.isoformat(), "id": "77"}
    assert replay.take_in_kept(kept, now=bench.clock())
    wrong.refresh_from_db()
    attempt.refresh_from_db()
    assert (wrong.status, attempt.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)
    assert attempt.evidence["candidate_id"] == "77"
