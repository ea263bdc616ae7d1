"""What the search finds speaks against what was decided before; over real HTTP."""

from __future__ import annotations

import pytest

from core import clocks
from orders.models import Attempt, Order
from orders.placing import place_orders
from orders.recovery import not_placed, resolve
from orders.recovery.search import contradictions, replay
from orders.recovery.search.match_ids import IdMatch
from orders.status import Doubt, Outcome, Resolution, Status
from providers.panel_api import RefusalCode, Rejected
from tests.builders import NOON, make_attempt, make_order, make_provider, make_user
from tests.fake_provider import progress

from .bench import GRACE, Bench

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, _ = clocks.SEARCH_AFTER_SECONDS


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


def test_an_id_that_only_a_cleared_order_can_have_puts_that_one_in_doubt_again(box):
    """The provider did not show it while it was looked for, and the other lost one costs more."""
    bench = Bench(box).calibrated()
    wrong = said_not_to_be_there(bench)
    late = bench.upstream()[-1]
    Attempt.objects.filter(order=wrong).update(searched_through=int(late))
    units = (bench.service.min or 100) * 3
    other = bench.lose(taken=False, order=bench.place(quantity=units))
    Order.objects.filter(pk=other.pk).update(estimate=1000, estimate_high=1000)
    Order.objects.filter(pk=other.pk).update(units=1)
    bench.recover(after=FIRST)
    attempt = Attempt.objects.select_related("order").get(order=wrong)
    assert (attempt.order.status, attempt.code) == (Status.UNCONFIRMED, Doubt.IS_THERE)
    assert attempt.evidence["candidate_id"] == late
    assert late in bench.rules().stopped_because


def test_a_replay_that_was_answered_after_the_decision_puts_it_in_doubt_again(box):
    bench = Bench(box).calibrated()
    wrong = said_not_to_be_there(bench)
    attempt = wrong.attempts.get()
    kept = {
        "token": attempt.idempotency_key,
        "started_at": attempt.started_at.isoformat(),
        "id": "77",
    }
    assert replay.take_in_kept(kept, now=bench.clock())
    wrong.refresh_from_db()
    attempt.refresh_from_db()
    assert (wrong.status, attempt.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)
    assert attempt.evidence["candidate_id"] == "77"


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.GIVEN_UP])
def test_an_id_moves_no_order_that_is_not_at_rest(status):
    attempt = make_attempt(make_order(status), outcome=Outcome.NOT_PLACED)
    assert not contradictions.reopen_one(attempt, "77", now=NOON)
    attempt.refresh_from_db()
    assert (attempt.order.status, attempt.outcome) == (status, Outcome.NOT_PLACED)


def test_an_order_that_is_moved_while_it_is_doubted_keeps_its_decision(monkeypatch):
    attempt = make_attempt(make_order(Status.NOT_PLACED), outcome=Outcome.NOT_PLACED)

    def beaten(self: Order, to: Status, **how: object) -> bool:
        return False

    monkeypatch.setattr(Order, "move", beaten)
    assert not contradictions.reopen_one(attempt, "77", now=NOON)
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.evidence) == (Outcome.NOT_PLACED, {})


@pytest.mark.parametrize(
    ("by", "linked"), [(Resolution.LISTING, ["", "78", ""]), (Resolution.PROBE, ["", "", ""])]
)
def test_an_id_that_was_given_away_meanwhile_ends_what_was_told_apart_together(by, linked):
    account = make_provider()
    lost = [
        make_attempt(make_order(Status.UNCONFIRMED, provider=account), outcome=Outcome.UNKNOWN)
        for _ in range(3)
    ]
    make_order(Status.IN_PROGRESS, provider=account, external_id="77")
    Attempt.objects.filter(pk=lost[2].pk).update(resolved_by=make_user())
    lost = list(Attempt.objects.select_related("order", "provider").order_by("pk"))
    ids = ("77", "78", "79")
    found = IdMatch(found={one.pk: number for one, number in zip(lost, ids, strict=True)})
    said = dict.fromkeys(ids, progress())
    assert resolve.link_found(found, lost, said, now=NOON, by=by) == sum(map(bool, linked))
    numbers = [Order.objects.get(pk=one.order_id).external_id for one in lost]
    assert numbers == linked, "one is another order's, of one a person has decided"


@pytest.mark.parametrize("happened", ["its id is another order's", "somebody has decided"])
def test_none_is_linked_where_the_last_of_those_told_apart_together_is_decided_otherwise(happened):
    account = make_provider()
    for _ in range(2):
        make_attempt(make_order(Status.UNCONFIRMED, provider=account), outcome=Outcome.UNKNOWN)
    lost = list(Attempt.objects.select_related("order", "provider").order_by("pk"))
    found = IdMatch(found={one.pk: str(number) for number, one in enumerate(lost, start=77)})
    if happened == "its id is another order's":
        make_order(Status.IN_PROGRESS, provider=account, external_id="78")
    else:
        Attempt.objects.filter(pk=lost[1].pk).update(outcome=Outcome.NOT_PLACED)
    said = {"77": progress(), "78": progress()}
    assert resolve.link_found(found, lost, said, now=NOON) == 0
    numbers = Order.objects.filter(pk__in=[one.order_id for one in lost])
    assert set(numbers.values_list("external_id", flat=True)) == {""}


@pytest.mark.parametrize("moved", [True, False], ids=["before", "meanwhile"])
def test_an_order_that_is_moved_is_not_taken_for_refused(monkeypatch, moved):
    order = make_order(Status.UNCONFIRMED)
    attempt = make_attempt(order, outcome=Outcome.UNKNOWN)
    if moved:
        Order.objects.update(status=Status.GIVEN_UP)
        order.refresh_from_db()
    else:
        monkeypatch.setattr(Order, "move", lambda self, to, **how: False)
    refusal = Rejected("No.", RefusalCode.LINK)
    person = make_user()
    assert not not_placed.resolve_refused(
        order, attempt, refusal, actor=person, now=NOON, text="", evidence={}
    )
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.resolved_by) == (Outcome.UNKNOWN, None)


def test_an_order_that_was_found_meanwhile_is_not_given_up():
    order = make_order(Status.UNCONFIRMED)
    attempt = make_attempt(order, outcome=Outcome.UNKNOWN)
    order.status = Status.IN_PROGRESS
    assert not not_placed.give_up(order, actor=make_user(), note="Nobody answers.", now=NOON)
    attempt.refresh_from_db()
    assert (attempt.resolution, attempt.resolved_by) == ("", None)
