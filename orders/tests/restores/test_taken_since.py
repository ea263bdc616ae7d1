"""An order was sent twice, the second time with success, and the database is of a moment before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.flags import raise_flag
from orders.models import Attempt, Halt, Order
from orders.placing import place_orders
from orders.placing.before_sending import FLAG_FIRST, why_not_queued_again
from orders.recovery import not_placed
from orders.sending import record_outcome
from orders.sending.outcome import SendOutcome
from orders.sending.restore_check import guard
from orders.status import Flag, Outcome, Resolution, Status
from tests.builders import NOON, make_order, make_user
from tests.fake_provider import FakeProvider, lost_answer

from ..sending.test_restore_guard import LATER, acknowledge, send, take_back

pytestmark = [pytest.mark.django_db, pytest.mark.services]
AFTER = LATER + timedelta(minutes=1)


def sent_twice() -> tuple[Order, Attempt, FakeProvider]:
    """The first answer was lost, and shown not to be there; with the first try as it was then."""
    order, box = make_order(), FakeProvider()
    box.then = lost_answer()
    send(order, box)
    first = order.attempts.get()
    Attempt.objects.update(outcome=Outcome.NOT_PLACED)
    Order.objects.update(status=Status.QUEUED, send_after=NOON)
    Halt.objects.all().delete()
    assert send(order, box, NOON + timedelta(minutes=2)).external_id == "23501"
    take_back(order)
    return order, first, box


@pytest.mark.parametrize("claims_first", [True, False])
def test_of_two_forgotten_sends_the_one_that_was_taken_counts(claims_first):
    order, _, box = sent_twice()
    guard.quarantine("put back", now=LATER)
    acknowledge(LATER)
    if claims_first:
        send(order, box, AFTER)
    guard.check_database(now=AFTER)
    order.refresh_from_db()
    assert (order.status, order.external_id, len(box.placed)) == (Status.PENDING, "23501", 1)


@pytest.fixture
def first() -> Attempt:
    """In doubt in the backup; the look has found the second send."""
    order, first, _ = sent_twice()
    first.save(force_insert=True)
    Order.objects.update(status=Status.UNCONFIRMED)
    guard.check_database(now=LATER)
    acknowledge(LATER)
    guard.check_database(now=AFTER)
    assert Order.objects.get().flag == Flag.LIVE_ATTEMPT
    return order.attempts.select_related("order__provider").get()


def is_in_doubt_with_its_number() -> bool:
    order, attempt = Order.objects.get(), Attempt.objects.get()
    stands = (order.status, attempt.outcome, attempt.evidence["candidate_id"])
    return stands == (Status.UNCONFIRMED, Outcome.UNKNOWN, "23501")


def prove_not_there(attempt: Attempt) -> None:
    words, order = "Not there.", Order.objects.get()
    by = Resolution.CLOSED_RANGE
    assert not_placed.prove_not_placed(order, attempt, resolution=by, text=words, now=AFTER)


def test_a_number_that_was_given_since_counts_once_the_earlier_try_is_not_there(first):
    assert is_in_doubt_with_its_number()
    prove_not_there(first)
    assert is_in_doubt_with_its_number()


def test_so_it_does_where_the_answer_to_the_earlier_try_comes_late(first):
    never_left = SendOutcome(Outcome.NOT_SENT, Status.QUEUED, "connection refused")
    record_outcome.record(first, never_left, now=AFTER)
    assert is_in_doubt_with_its_number()


def test_what_a_person_has_decided_about_that_number_stands(first):
    prove_not_there(first)
    guard.check_database(now=AFTER)
    prove_not_there(Attempt.objects.select_related("order__provider").get())
    assert Order.objects.get().status == Status.NOT_PLACED


def test_it_is_queued_again_once_somebody_has_looked_into_its_flag():
    order = make_order(Status.NOT_PLACED)
    raise_flag(order, Flag.LIVE_ATTEMPT)
    assert why_not_queued_again(order) == FLAG_FIRST
    assert not place_orders.requeue_order(order, actor=make_user(), now=NOON)
    order.flag = Flag.NONE
    assert place_orders.requeue_order(order, actor=make_user(), now=NOON)
