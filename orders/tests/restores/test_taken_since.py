"""An order was sent twice, the second time with success, and the database is of a moment before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.flags import raise_flag, raise_live_attempt
from orders.models import Attempt, EventKind, Halt, Order
from orders.placing import place_orders
from orders.placing.before_sending import FLAG_FIRST, why_not_queued_again
from orders.recovery import not_placed
from orders.sending import record_outcome
from orders.sending.outcome import SendOutcome
from orders.sending.replays import CANDIDATE, REPLAYED_AS, SEEN_THERE
from orders.sending.restore_check import guard, list_unmatched
from orders.sending.writes.sent_lines import Send
from orders.status import Flag, Outcome, Resolution, Status
from tests.builders import NOON, make_order, make_user
from tests.fake_provider import FakeProvider, lost_answer

from ..sending.test_restore_guard import LATER, acknowledge, send, take_back

pytestmark = [pytest.mark.django_db, pytest.mark.services]
AFTER = LATER + timedelta(minutes=1)
OFFERED = 'UPDATE "orders_attempt" SET "evidence"'
FLAGGED = 'UPDATE "orders_order" SET "flag"'


def sent_twice(*, is_heard: bool = True) -> tuple[Order, Attempt, FakeProvider]:
    """The first answer was lost, and shown not to be there; with the first try as it was then. The
    second one was taken, or is lost as well."""
    order, box = make_order(), FakeProvider()
    box.then = lost_answer()
    send(order, box)
    first = order.attempts.get()
    Attempt.objects.update(outcome=Outcome.NOT_PLACED)
    Order.objects.update(status=Status.QUEUED, send_after=NOON)
    Halt.objects.all().delete()
    if not is_heard:
        box.then = lost_answer()
    sent = send(order, box, NOON + timedelta(minutes=2))
    assert (sent.external_id, order.attempts.count()) == ("23501" if is_heard else "", 2)
    take_back(order)
    return order, first, box


@pytest.mark.parametrize(
    ("flag", "then"), [("", Flag.LIVE_ATTEMPT), (Flag.BOUGHT_TWICE, Flag.BOUGHT_TWICE)]
)
def test_where_both_answers_are_lost_the_second_send_is_told_of_and_not_sent_over(flag, then):
    """The flag for the first one must not keep the second one from being seen, and by the time that
    the first one is shown not to be there, the journal knows of neither."""
    order, _, _ = sent_twice(is_heard=False)
    Order.objects.update(status=Status.NOT_PLACED, ended_at=NOON, flag=flag)
    guard.check_database(now=LATER)
    acknowledge(LATER)
    guard.check_database(now=AFTER)
    prove_not_there(order.attempts.select_related("order__provider").get())
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.NOT_PLACED, then)
    told = order.events.filter(kind=EventKind.FLAGGED, text__contains="nobody knows what became")
    assert told.count() == 1
    assert not place_orders.requeue_order(order, actor=make_user(), now=AFTER)


@pytest.mark.parametrize(
    ("stood", "told"), [(Flag.LATE_ANSWER, 1), (Flag.ODD_REMAINS, 0), (Flag.LIVE_ATTEMPT, 0)]
)
def test_a_flag_that_nobody_has_looked_into_is_kept_in_the_history(stood, told):
    """One that ends by itself is no loss."""
    order = make_order(Status.NOT_PLACED, flag=stood)
    raise_live_attempt(order, now=NOON)
    order.refresh_from_db()
    assert order.flag == Flag.LIVE_ATTEMPT
    texts = order.events.filter(kind=EventKind.FLAGGED).values_list("text", flat=True)
    assert [text for text in texts if stood.label in text] == list(texts)
    assert len(texts) == told


def test_two_sends_in_one_second_are_each_told_of_once():
    order = make_order(Status.NOT_PLACED)
    for _ in range(2):
        for part in (0, 250_000):
            token, at = f"{order.form_key.hex}-1", NOON.replace(microsecond=part)
            send_then = Send(order.provider_id, token, at, {})
            list_unmatched.tell_unmatched(send_then, "", order, now=LATER)
    told = order.events.filter(kind=EventKind.FLAGGED, text__contains="nobody knows what became")
    assert told.count() == 2


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


def first_in_doubt() -> Order:
    order, first, _ = sent_twice()
    first.save(force_insert=True)
    Order.objects.update(status=Status.UNCONFIRMED)
    return order


@pytest.fixture
def first() -> Attempt:
    """In doubt in the backup; the look has found the second send."""
    order = first_in_doubt()
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


def test_so_it_does_where_the_earlier_try_was_replayed_and_is_refused_late(first):
    first.evidence[REPLAYED_AS] = ""
    first.save(update_fields=["evidence"])
    refused = SendOutcome(Outcome.REJECTED, Status.REJECTED, "No such service.")
    record_outcome.record(first, refused, now=AFTER)
    assert is_in_doubt_with_its_number()
    prove_not_there(Attempt.objects.select_related("order__provider").get())
    assert is_in_doubt_with_its_number()
    assert "could be attempt" in Order.objects.get().reason


def test_so_it_does_where_the_earlier_try_is_heard_to_be_lost_after_all(first):
    """That number says nothing of the try itself, so what was seen of it is still news."""
    kept = {name: first.evidence[name] for name in (CANDIDATE, SEEN_THERE)}
    Attempt.objects.update(evidence=kept)
    lost = SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, "The connection was reset.")
    record_outcome.record(first, lost, now=AFTER)
    assert Attempt.objects.get().reason == lost.reason
    prove_not_there(Attempt.objects.select_related("order__provider").get())
    assert is_in_doubt_with_its_number()


def test_a_number_is_offered_to_the_attempt_before_its_order_is_flagged() -> None:
    """As everybody else takes the two: the other way round each would wait for what the other
    has."""
    first_in_doubt()
    with CaptureQueriesContext(connection) as asked:
        guard.check_database(now=LATER)
    done = [one["sql"] for one in asked]
    offered = next(n for n, sql in enumerate(done) if sql.startswith(OFFERED))
    flagged = next(n for n, sql in enumerate(done) if sql.startswith(FLAGGED))
    assert offered < flagged


def test_what_a_person_has_decided_about_that_number_stands(first):
    prove_not_there(first)
    guard.check_database(now=AFTER)
    prove_not_there(Attempt.objects.select_related("order__provider").get())
    assert Order.objects.get().status == Status.NOT_PLACED


@pytest.mark.parametrize("flag", [Flag.LIVE_ATTEMPT, Flag.BOUGHT_TWICE])
def test_it_is_queued_again_once_somebody_has_looked_into_its_flag(flag):
    order = make_order(Status.NOT_PLACED)
    raise_flag(order, flag)
    assert why_not_queued_again(order) == FLAG_FIRST
    assert not place_orders.requeue_order(order, actor=make_user(), now=NOON)
    Order.objects.update(flag=Flag.NONE)
    order.refresh_from_db()
    assert place_orders.requeue_order(order, actor=make_user(), now=NOON)


@pytest.mark.parametrize("flag", [Flag.LIVE_ATTEMPT, Flag.BOUGHT_TWICE])
def test_it_is_not_queued_again_over_a_flag_that_was_raised_since_it_was_read(flag):
    shown = make_order(Status.NOT_PLACED)
    raise_flag(Order.objects.get(), flag)
    assert not why_not_queued_again(shown)
    assert not place_orders.requeue_order(shown, actor=make_user(), now=NOON)
    order = Order.objects.get()
    assert (order.status, order.flag) == (Status.NOT_PLACED, flag)
    assert not order.events.exists()


def test_any_other_flag_that_was_raised_since_lets_it_be_queued_again_and_stays():
    shown = make_order(Status.NOT_PLACED)
    raise_flag(Order.objects.get(), Flag.LATE_ANSWER)
    assert place_orders.requeue_order(shown, actor=make_user(), now=NOON)
    order = Order.objects.get()
    assert (order.status, order.flag) == (Status.QUEUED, Flag.LATE_ANSWER)
