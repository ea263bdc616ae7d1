"""Orders that do not fit their sends are put right by what is proven, or shown to a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from core import clocks
from orders.models import Attempt, EventKind, Halt, Order, PollSchedule
from orders.sending import invariants, reopen, reused_id, sweep_due
from orders.sending.replays import names_in
from orders.status import Doubt, Flag, HaltKind, Outcome, Status
from providers.panel_api import RefusalCode
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture(autouse=True)
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL goes on counting from test to test, and a sweep walks one window of numbers."""
    monkeypatch.setattr(invariants, "WINDOW", 10**9)


def broken(status: Status, outcome: Outcome, **attempt: Any) -> Order:
    order = make_order(status)
    make_attempt(order, outcome=outcome, **attempt)
    return order


def checked(order: Order) -> Order:
    invariants.check_orders(now=NOON)
    return Order.objects.get(pk=order.pk)


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.SENDING, Status.GIVEN_UP])
def test_an_order_whose_attempt_was_accepted_is_linked(status):
    order = checked(broken(status, Outcome.ACCEPTED, external_id="77"))
    assert (order.status, order.external_id, order.flag) == (Status.PENDING, "77", Flag.NONE)
    assert PollSchedule.objects.get(order=order).external_id == "77"


@pytest.mark.parametrize("status", [Status.QUEUED, Status.HELD, Status.WITHDRAWN])
def test_an_order_at_rest_whose_attempt_was_accepted_is_linked_and_shown(status):
    order = checked(broken(status, Outcome.ACCEPTED, external_id="77"))
    assert (order.status, order.external_id) == (Status.PENDING, "77")
    assert order.flag == Flag.LATE_ANSWER


@pytest.mark.parametrize(
    ("outcome", "code", "status"),
    [
        (Outcome.NOT_SENT, "", Status.NOT_PLACED),
        (Outcome.NOT_PLACED, "", Status.NOT_PLACED),
        (Outcome.REJECTED, RefusalCode.LINK.value, Status.REJECTED),
        (Outcome.REJECTED, RefusalCode.FUNDS.value, Status.NOT_PLACED),
    ],
)
def test_an_order_in_doubt_whose_sends_bought_nothing_is_in_doubt_no_more(outcome, code, status):
    assert checked(broken(Status.UNCONFIRMED, outcome, code=code)).status == status
    assert checked(broken(Status.SENDING, outcome, code=code)).status == status


LATE = {"outcome": "accepted", "external_id": "77", "reason": "", "at": NOON.isoformat()}


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.SENDING])
@pytest.mark.parametrize("later", [None, Outcome.REJECTED, Outcome.NOT_SENT])
def test_a_send_that_was_taken_after_all_is_not_ended_but_offered(status, later):
    order = broken(status, Outcome.NOT_PLACED, late=LATE)
    if later:
        make_attempt(order, outcome=later, code=RefusalCode.LINK.value)
    order = checked(order)
    taken = order.attempts.get(number=1)
    assert (order.status, order.external_id) == (Status.UNCONFIRMED, "")
    assert (taken.outcome, taken.code, taken.unknown_at) == (Outcome.UNKNOWN, Doubt.IS_THERE, NOON)
    assert taken.evidence["candidate_id"] == "77"
    assert "took it as 77" in order.reason
    told = order.events.count()
    assert checked(order).status == Status.UNCONFIRMED
    assert order.events.count() == told


def test_what_a_person_decided_about_a_late_answer_stands():
    order = broken(Status.UNCONFIRMED, Outcome.NOT_PLACED, late=LATE | {"reopened": True})
    assert checked(order).status == Status.NOT_PLACED


def test_the_database_takes_no_doubt_of_which_nobody_knows_since_when():
    attempt = make_attempt(outcome=Outcome.REJECTED)
    with pytest.raises(IntegrityError, match="unknown_since_is_known"):
        Attempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.UNKNOWN)


@pytest.mark.parametrize(
    "status", [Status.QUEUED, Status.HELD, Status.NOT_PLACED, Status.WITHDRAWN, Status.SENDING]
)
def test_an_order_with_a_lost_answer_is_unconfirmed_and_never_bought_again(status):
    order = checked(broken(status, Outcome.UNKNOWN, reason="read timeout"))
    assert (order.status, order.reason) == (Status.UNCONFIRMED, "read timeout")


def test_what_the_reaper_is_for_is_left_to_it():
    order = broken(Status.UNCONFIRMED, Outcome.IN_FLIGHT)
    assert checked(order).status == Status.UNCONFIRMED
    sweep_due.reap_lost_sends(now=NOON + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1))
    assert Attempt.objects.get().outcome == Outcome.UNKNOWN


def sound() -> list[Order]:
    return [
        make_order(),
        make_order(Status.PENDING, parent=make_order(Status.COMPLETED)),
        broken(Status.UNCONFIRMED, Outcome.UNKNOWN),
        broken(Status.GIVEN_UP, Outcome.UNKNOWN),
        broken(Status.SENDING, Outcome.IN_FLIGHT),
        broken(Status.QUEUED, Outcome.NOT_SENT),
        broken(Status.NOT_PLACED, Outcome.NOT_PLACED),
        broken(Status.IN_PROGRESS, Outcome.ACCEPTED),
    ]


def test_what_fits_is_not_touched():
    before = [(order.pk, order.status, order.flag) for order in sound()]
    assert invariants.check_orders(now=NOON) == 0
    rows = Order.objects.exclude(status=Status.COMPLETED).order_by("pk")
    assert list(rows.values_list("pk", "status", "flag")) == before


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (Status.UNCONFIRMED, None),
        (Status.SENDING, None),
        (Status.GIVEN_UP, None),
        (Status.GIVEN_UP, Outcome.NOT_PLACED),
        (Status.IN_PROGRESS, None),
        (Status.IN_PROGRESS, Outcome.UNKNOWN),
        (Status.PENDING, Outcome.ACCEPTED),
    ],
)
def test_what_nothing_proves_is_shown_to_a_person_once(status, outcome):
    order = make_order(status)
    if outcome:
        make_attempt(order, outcome=outcome, external_id="another")
    assert (checked(order).status, checked(order).flag) == (status, Flag.OUT_OF_STEP)
    assert order.events.filter(kind=EventKind.FLAGGED).count() == 1
    Order.objects.update(flag=Flag.NONE)  # somebody has looked, and leaves it so
    assert checked(order).flag == Flag.NONE
    told = order.events.get(kind=EventKind.FLAGGED)
    assert (told.text, told.evidence["flag"]) == ("", Flag.OUT_OF_STEP)
    assert told.words == f"{Flag.OUT_OF_STEP.label}.", "the sentence is made when it is shown"


@pytest.mark.parametrize("has_schedule", [False, True], ids=["none", "of another id"])
@pytest.mark.parametrize("is_child", [False, True])
def test_an_order_that_nobody_asks_about_is_asked_about_again(has_schedule, is_child):
    parent = make_order(Status.COMPLETED) if is_child else None
    order = make_order(Status.IN_PROGRESS, watched=has_schedule, parent=parent)
    make_attempt(order, outcome=Outcome.ACCEPTED)
    PollSchedule.objects.update(external_id="1", next_at=NOON + timedelta(hours=5))
    order = checked(order)
    schedule = PollSchedule.objects.get(order=order)
    assert (schedule.external_id, schedule.provider) == (order.external_id, order.provider)
    assert schedule.next_at <= NOON + timedelta(seconds=clocks.FIRST_CHECK_SECONDS)
    assert (order.status, order.flag) == (Status.IN_PROGRESS, Flag.NONE)
    told = order.events.count()
    checked(order)
    assert "was not asked about" in order.events.get().text and order.events.count() == told


def test_an_order_that_ended_a_moment_ago_is_not_asked_about_again():
    order = make_order(Status.COMPLETED)
    assert not invariants.check_order(order.pk, now=NOON)
    assert not PollSchedule.objects.exists()


def test_what_an_older_release_told_in_words_is_not_told_again():
    order = make_order(Status.UNCONFIRMED)
    text = "Its status and its sends contradict each other"
    order.remember(EventKind.FLAGGED, now=NOON, text=text)
    assert checked(order).flag == Flag.NONE


def test_an_accepted_id_that_is_another_orders_becomes_a_candidate():
    service = make_service(make_provider())
    ours = make_order(Status.IN_PROGRESS, service=service, external_id="77")
    make_attempt(ours, outcome=Outcome.ACCEPTED)
    order = make_order(Status.UNCONFIRMED, service=service)
    seen = {"candidate_id": "12", "repeated_as": "13"}
    attempt = make_attempt(order, outcome=Outcome.ACCEPTED, external_id="77", evidence=seen)
    order = checked(order)
    attempt.refresh_from_db()
    assert names_in(attempt.evidence) == {"12", "13", "77"}, "none goes to another order"
    assert (order.status, order.flag) == (Status.UNCONFIRMED, Flag.ID_REUSED)
    assert (attempt.outcome, attempt.evidence["candidate_id"]) == (Outcome.UNKNOWN, "77")
    assert (attempt.unknown_at, attempt.code) == (NOON, Doubt.CONTRADICTS)


def test_a_reused_id_is_compared_with_the_order_as_it_is_in_that_transaction(monkeypatch):
    service = make_service(make_provider())
    ours = make_order(Status.IN_PROGRESS, service=service, external_id="77")
    make_attempt(ours, outcome=Outcome.ACCEPTED)
    order = make_order(Status.QUEUED, service=service)
    attempt = make_attempt(order, outcome=Outcome.ACCEPTED, external_id="77")
    real = reused_id.note_reused_id

    def meanwhile(*args: Any, **how: Any) -> Any:
        Order.objects.filter(pk=order.pk).update(status=Status.HELD)
        return real(*args, **how)

    with monkeypatch.context() as patch:
        patch.setattr(invariants, "note_reused_id", meanwhile)
        invariants.check_order(order.pk, now=NOON)
    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.ACCEPTED, "nothing of it is kept: the next sweep looks again"
    assert checked(order).status == Status.UNCONFIRMED


def test_one_order_that_breaks_us_does_not_keep_the_others(monkeypatch):
    poison, other = [
        broken(Status.UNCONFIRMED, Outcome.ACCEPTED, external_id=number) for number in ("77", "78")
    ]
    real = invariants._check_row

    def check_row(order, now):
        if order.pk == poison.pk:
            raise ValueError("broken")
        return real(order, now)

    monkeypatch.setattr(invariants, "_check_row", check_row)
    assert checked(other).status == Status.PENDING


def test_nothing_is_concluded_in_a_database_that_may_have_been_taken_back():
    order = broken(Status.UNCONFIRMED, Outcome.NOT_SENT)
    Halt.objects.create(kind=HaltKind.RESTORED, placed_at=NOON)
    assert checked(order).status == Status.UNCONFIRMED


def test_an_order_that_moves_meanwhile_is_left_to_the_next_sweep(monkeypatch):
    broken(Status.UNCONFIRMED, Outcome.ACCEPTED, external_id="77")
    real = Order.move

    def beaten(self, to, **how):
        Order.objects.filter(pk=self.pk).update(status=Status.GIVEN_UP)
        return real(self, to, **how)

    monkeypatch.setattr(Order, "move", beaten)
    invariants.check_orders(now=NOON)
    assert Attempt.objects.get().outcome == Outcome.ACCEPTED


def test_an_order_that_is_linked_while_its_late_proof_is_read_is_left_as_it_is(monkeypatch):
    order = broken(Status.UNCONFIRMED, Outcome.NOT_PLACED, late=LATE)
    real = reopen.contradicted

    def linked_meanwhile(order: Order) -> Attempt | None:
        taken = real(order)
        Order.objects.filter(pk=order.pk).update(status=Status.PENDING, external_id="77")
        return taken

    monkeypatch.setattr(invariants, "contradicted", linked_meanwhile)
    assert not invariants.check_order(order.pk, now=NOON)
    assert Attempt.objects.get().outcome == Outcome.NOT_PLACED, "nothing of it is kept"
    assert not order.events.exists()


def test_an_accepted_send_that_is_gone_when_its_id_is_found_with_another_order_is_left(monkeypatch):
    service = make_service(make_provider())
    make_order(Status.IN_PROGRESS, service=service, external_id="77")
    order = make_order(Status.UNCONFIRMED, service=service)
    make_attempt(order, outcome=Outcome.ACCEPTED, external_id="77")
    real = invariants._tell_reused

    def settled_meanwhile(order_id: int, now: Any) -> bool:
        order.attempts.update(outcome=Outcome.NOT_PLACED)
        return real(order_id, now)

    monkeypatch.setattr(invariants, "_tell_reused", settled_meanwhile)
    assert not invariants.check_order(order.pk, now=NOON)
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.UNCONFIRMED, Flag.NONE)
    assert order.attempts.get().outcome == Outcome.NOT_PLACED


def test_every_order_has_its_turn(monkeypatch):
    orders = [broken(Status.NOT_PLACED, Outcome.ACCEPTED, external_id=str(n)) for n in range(7)]
    newest = Order.objects.latest("pk").pk
    monkeypatch.setattr(invariants, "WINDOW", window := max(2, newest // 20))
    turns = newest // window + 1
    for turn in range(turns):
        later = NOON + turn * timedelta(seconds=clocks.INVARIANTS_EVERY_SECONDS)
        invariants.check_orders(now=later)
    found = Order.objects.filter(pk__in=[order.pk for order in orders], status=Status.PENDING)
    assert found.count() == len(orders)


def test_a_sweep_costs_few_queries_where_all_is_well(django_assert_max_num_queries):
    sound()
    with django_assert_max_num_queries(8):
        invariants.check_orders(now=NOON)
