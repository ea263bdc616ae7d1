"""A database is put back together with its numbers while a call is under way: another attempt gets
the number of the one whose answer is awaited, and is not ended by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orders.models import Attempt, Order
from orders.recovery import resolve
from orders.recovery.doubted_attempt import ResolvedMeanwhile, only, resolve_attempt
from orders.recovery.search import replay
from orders.sending import claims, replays, send_orders
from orders.sending.outcome import AttemptGone, SendOutcome
from orders.sending.record_outcome import record
from orders.sending.restore_check import guard
from orders.status import Outcome, Resolution, Status
from providers.panel_api import RefusalCode
from tests.builders import NOON, make_order, make_provider, make_service
from tests.fake_provider import FakeProvider, lost_answer, refusal

from ..sending.test_restore_guard import LATER, acknowledge, send, take_back

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def order_of_its_own_account() -> Order:
    return make_order(service=make_service(make_provider()))


def gives_its_number_to(y: Order, x: Order) -> Callable[[], None]:
    """The attempt of `y` that a database makes whose numbers were put back."""

    def put_back() -> None:
        number = x.attempts.get().pk
        take_back(x)
        fresh = Order.objects.select_related("provider").get(pk=y.pk)
        attempt = claims.claim(fresh, fresh.provider, now=NOON)
        assert attempt is not None
        Attempt.objects.filter(pk=attempt.pk).delete()
        attempt.pk = number
        attempt.started_at = LATER
        attempt.save(force_insert=True)

    return put_back


@pytest.mark.parametrize("said", [None, refusal(RefusalCode.LINK), lost_answer()])
def test_the_answer_to_one_order_ends_no_attempt_of_another(said):
    x, y, box = order_of_its_own_account(), order_of_its_own_account(), FakeProvider()
    box.meanwhile, box.then = gives_its_number_to(y, x), said
    send(x, box)
    y.refresh_from_db()
    assert (y.status, y.external_id) == (Status.SENDING, "")
    assert y.attempts.get().outcome == Outcome.IN_FLIGHT


def test_the_answer_stays_on_disk_and_is_given_back_to_its_own_order():
    x, y, box = order_of_its_own_account(), order_of_its_own_account(), FakeProvider()
    box.meanwhile = gives_its_number_to(y, x)
    send(x, box)
    Order.objects.filter(pk=y.pk).update(status=Status.HELD)  # no worker has a send under way
    y.attempts.all().delete()
    guard.check_database(now=LATER)
    acknowledge(LATER)
    guard.check_database(now=LATER)
    x.refresh_from_db()
    assert (x.status, x.external_id, len(box.placed)) == (Status.PENDING, "23501", 1)


def lost_while_its_number_is_reused() -> Attempt:
    """As a worker has it in memory, lost, while its number stands for another order's loss."""
    x, y, box = order_of_its_own_account(), order_of_its_own_account(), FakeProvider()
    box.then = lost_answer()
    send(x, box)
    ours = x.attempts.select_related("order", "provider").get()
    gives_its_number_to(y, x)()
    lost = {"outcome": Outcome.UNKNOWN, "unknown_at": LATER, "evidence": {"of": "another"}}
    Attempt.objects.update(**lost)
    return ours


@pytest.fixture
def ours() -> Attempt:
    return lost_while_its_number_is_reused()


def test_what_comes_after_the_call_is_said_of_no_other_attempt(ours):
    other = Attempt.objects.values().get()
    assert not send_orders._still_holds(ours)
    assert resolve.reread([ours]) == []
    replays_of(ours)
    with pytest.raises(ResolvedMeanwhile):
        resolve_attempt(only(ours), Outcome.NOT_PLACED, Resolution.CLOSED_RANGE, None, LATER)
    assert Attempt.objects.values().get() == other


def replays_of(ours: Attempt) -> None:
    for act in (
        lambda: replays.begin(ours, now=LATER),
        lambda: replays.end_without_an_order(ours),
        lambda: replay._note_id(ours, "77", LATER),
    ):
        with pytest.raises(Attempt.DoesNotExist):
            act()


def test_an_answer_that_comes_after_a_decision_is_kept_beside_no_other_attempt(ours):
    Attempt.objects.update(outcome=Outcome.NOT_PLACED, resolution=Resolution.PERSON)
    accepted = SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id="77")
    with pytest.raises(AttemptGone):
        record(ours, accepted, now=LATER)
    assert Attempt.objects.get().late == {}
