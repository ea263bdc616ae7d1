"""The outcome of a send and its order: both, or neither; and what contradicts a decision."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, OperationalError, connection, connections

from core import clocks
from core.failpoints import armed
from core.rows.durable import durable_transaction
from orders.models import Attempt, EventKind, Order
from orders.recovery import link_orders, not_placed, resolve
from orders.sending import answer_spool, claims, record_outcome, send_orders, sweep_due
from orders.sending.outcome import SendOutcome, id_known_already
from orders.status import Doubt, Flag, Outcome, Resolution, Status
from orders.tests.sending.obstacles import Crash, die
from providers.panel_api import Evidence, OrderState, Placed, RefusalCode
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider, lost_answer, never_left, progress, refusal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
LATER = NOON + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1)
ACCEPTED = SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id="77")
NOT_SENT = SendOutcome(Outcome.NOT_SENT, Status.QUEUED, "It never left.")
REFUSED = SendOutcome(Outcome.REJECTED, Status.REJECTED, "No.", "link")
LOST = SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, "read timeout")


def noon():
    return NOON


def in_flight() -> Attempt:
    return make_attempt(make_order(Status.SENDING), started_at=NOON)


def order_of(attempt: Attempt) -> Order:
    return Order.objects.get(pk=attempt.order_id)


def second_worker(act):
    """What another worker does at a failpoint, once, with a connection of its own."""
    done: list[bool] = []

    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    def at_the_point() -> None:
        if not done:
            done.append(True)
            worker = threading.Thread(target=run)
            worker.start()
            worker.join()

    return at_the_point


@pytest.mark.parametrize(
    ("heard", "status"),
    [(ACCEPTED, Status.PENDING), (NOT_SENT, Status.NOT_PLACED), (REFUSED, Status.REJECTED)],
)
def test_an_answer_counts_although_the_reaper_commits_just_before_it(heard, status):
    attempt = in_flight()
    reap = second_worker(lambda: sweep_due.reap_lost_sends(now=LATER))
    with armed("record.begun", reap):
        assert record_outcome.record(attempt, heard, now=LATER)
    order = order_of(attempt)
    assert (order.status, order.flag) == (status, Flag.NONE)
    assert order.attempts.get().outcome == heard.outcome


def test_an_attempt_is_not_closed_where_its_order_was_moved_by_somebody_else():
    """SQLite lets nobody write beside us, so there it is our own hand that moves the order."""
    attempt = in_flight()

    def move() -> None:
        Order.objects.filter(pk=attempt.order_id).update(status=Status.UNCONFIRMED)

    once = second_worker(move) if connection.vendor == "postgresql" else _once(move)
    with armed("record.read", once):
        assert record_outcome.record(attempt, ACCEPTED, now=NOON)
    assert (order_of(attempt).status, order_of(attempt).external_id) == (Status.PENDING, "77")
    assert Attempt.objects.get().outcome == Outcome.ACCEPTED


def _once(act):
    acts = [act]
    return lambda: acts.pop()() if acts else None


def test_a_race_that_is_always_lost_writes_nothing():
    attempt = in_flight()
    places = [Status.UNCONFIRMED, Status.SENDING] * record_outcome.MOST_RACES

    def move() -> None:
        read = Order.objects.get(pk=attempt.order_id).status
        there = next(place for place in places if place != read)
        Order.objects.filter(pk=attempt.order_id).update(status=there)

    with armed("record.read", move), pytest.raises(record_outcome.RaceLost):
        record_outcome.record(attempt, ACCEPTED, now=NOON)
    assert Attempt.objects.get().outcome == Outcome.IN_FLIGHT
    assert order_of(attempt).status == Status.SENDING


def test_the_reaper_decides_on_each_row_as_it_is_when_its_turn_comes():
    first, second = in_flight(), in_flight()
    record = second_worker(lambda: record_outcome.record(second, ACCEPTED, now=LATER))
    with armed("reap.recorded", record):
        assert sweep_due.reap_lost_sends(now=LATER) == 1
    assert (order_of(first).status, order_of(second).status) == (
        Status.UNCONFIRMED,
        Status.PENDING,
    )
    assert order_of(second).flag == Flag.NONE
    assert Attempt.objects.get(pk=second.pk).late == {}


def test_a_loss_that_was_seen_by_both_is_one_loss():
    attempt = in_flight()
    sweep_due.reap_lost_sends(now=LATER)
    later = LATER + timedelta(minutes=5)
    seen = Evidence(reason="read timeout", bytes_left=True)
    heard = SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, "read timeout", evidence=seen)
    assert record_outcome.record(attempt, heard, now=later)
    attempt.refresh_from_db()
    assert (attempt.unknown_at, attempt.reason) == (LATER, "read timeout")


@pytest.mark.parametrize(
    ("heard", "status"),
    [(NOT_SENT, Status.WITHDRAWN), (LOST, Status.UNCONFIRMED), (ACCEPTED, Status.PENDING)],
)
def test_an_order_that_was_taken_out_of_its_senders_hands_follows_what_may_have_been_bought(
    heard, status
):
    attempt = make_attempt(make_order(Status.WITHDRAWN), started_at=NOON)
    assert record_outcome.record(attempt, heard, now=NOON)
    assert (order_of(attempt).status, order_of(attempt).flag) == (status, Flag.NONE)
    assert order_of(attempt).attempts.get().outcome == heard.outcome


def test_an_order_that_the_provider_has_under_another_id_is_not_touched_and_flagged():
    attempt = make_attempt(make_order(Status.IN_PROGRESS, external_id="5"), started_at=NOON)
    assert not record_outcome.record(attempt, ACCEPTED, now=NOON)
    order = order_of(attempt)
    assert (order.status, order.external_id, order.flag) == (
        Status.IN_PROGRESS,
        "5",
        Flag.OUT_OF_STEP,
    )
    assert "Attempt 1 ended although the order was in_progress already." in order.events.get().text


# a proof that comes after a decision


@pytest.mark.parametrize(
    "status",
    [Status.QUEUED, Status.HELD, Status.NOT_PLACED, Status.WITHDRAWN, Status.REJECTED],
)
def test_a_late_proof_of_acceptance_stops_a_second_purchase_and_can_be_linked(status):
    order = make_order(status)
    person = make_user()
    attempt = make_attempt(order, outcome=Outcome.NOT_PLACED, resolved_by=person)
    assert not record_outcome.record(attempt, ACCEPTED, now=LATER)
    order.refresh_from_db()
    assert (order.status, order.flag, order.ended_at) == (
        Status.UNCONFIRMED,
        Flag.LATE_ANSWER,
        None,
    )
    attempt = order.attempts.get()
    assert (attempt.outcome, attempt.evidence["candidate_id"]) == (Outcome.UNKNOWN, "77")
    assert attempt.code == Doubt.IS_THERE and not resolve.is_open(attempt)
    assert claims.claim(order, order.provider, now=LATER) is None
    provider = FakeProvider()
    provider.says = {"77": progress(OrderState.IN_PROGRESS)}
    linked = link_orders.link_order(order, "77", actor=person, client=provider, clock=lambda: LATER)
    order.refresh_from_db()
    assert linked and (order.status, order.external_id) == (Status.IN_PROGRESS, "77")


def test_a_late_proof_moves_no_order_that_the_provider_has_under_another_id():
    """A row of an older release: nothing of its sends says how it got there."""
    order = make_order(Status.IN_PROGRESS, external_id="9")
    attempt = make_attempt(order, outcome=Outcome.NOT_PLACED, resolved_by=make_user())
    assert not record_outcome.record(attempt, ACCEPTED, now=LATER)
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.IN_PROGRESS, "9")
    assert order.flag == Flag.LATE_ANSWER
    assert order.events.get().text.endswith("was answered late: the provider took it as 77.")


def test_a_late_proof_that_is_told_twice_changes_nothing_the_second_time():
    attempt = make_attempt(make_order(Status.NOT_PLACED), outcome=Outcome.NOT_PLACED)
    record_outcome.record(attempt, ACCEPTED, now=LATER, by=Resolution.SPOOL)
    events = attempt.order.events.count()
    assert not record_outcome.record(attempt, ACCEPTED, now=LATER, by=Resolution.SPOOL)
    assert (order_of(attempt).status, attempt.order.events.count()) == (Status.UNCONFIRMED, events)


def test_a_late_proof_counts_although_something_else_was_heard_late_before():
    order = make_order(Status.NOT_PLACED)
    attempt = make_attempt(order, outcome=Outcome.NOT_PLACED, resolution=Resolution.PERSON)
    record_outcome.record(attempt, LOST, now=LATER)
    assert order_of(attempt).status == Status.NOT_PLACED
    record_outcome.record(attempt, ACCEPTED, now=LATER)
    assert order_of(attempt).status == Status.UNCONFIRMED
    assert order.attempts.get().code == Doubt.IS_THERE


def test_a_claim_that_comes_before_the_late_proof_keeps_its_order_and_is_flagged():
    order = make_order()
    old = make_attempt(order, outcome=Outcome.NOT_PLACED)
    claim = second_worker(lambda: claims.claim(order, order.provider, now=LATER))
    with armed("record.begun", claim):
        assert not record_outcome.record(old, ACCEPTED, now=LATER)
    order = order_of(old)
    assert (order.status, order.flag) == (Status.SENDING, Flag.LATE_ANSWER)
    assert "bought twice" in order.events.get(kind="flagged").text
    assert sorted(order.attempts.values_list("outcome", flat=True)) == ["in_flight", "not_placed"]


@pytest.mark.parametrize("heard", [NOT_SENT, REFUSED])
def test_a_second_try_that_bought_nothing_leaves_the_order_to_the_late_proof_of_the_first(heard):
    order = make_order()
    old = make_attempt(order, outcome=Outcome.NOT_PLACED)
    second = claims.claim(order, order.provider, now=LATER)
    assert second and not record_outcome.record(old, ACCEPTED, now=LATER)
    record_outcome.record(second, heard, now=LATER)
    old.refresh_from_db()
    assert (order_of(old).status, old.outcome, old.code) == (
        Status.UNCONFIRMED,
        Outcome.UNKNOWN,
        Doubt.IS_THERE,
    )
    assert old.evidence["candidate_id"] == "77"


def test_a_second_try_that_is_proven_not_to_be_there_leaves_the_late_proof_of_the_first():
    order = make_order()
    old = make_attempt(order, outcome=Outcome.NOT_PLACED)
    second = claims.claim(order, order.provider, now=LATER)
    assert second and not record_outcome.record(old, ACCEPTED, now=LATER)
    record_outcome.record(second, LOST, now=LATER)
    lost = order_of(second)
    second.refresh_from_db()
    proven = Resolution.CLOSED_RANGE
    not_placed.prove_not_placed(lost, second, resolution=proven, text="Not there.", now=LATER)
    old.refresh_from_db()
    assert (order_of(old).status, old.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)


def test_a_person_who_has_seen_the_late_proof_is_not_asked_about_it_again():
    order = make_order(Status.NOT_PLACED)
    old = make_attempt(order, outcome=Outcome.NOT_PLACED)
    record_outcome.record(old, ACCEPTED, now=LATER)
    old.refresh_from_db()
    person = Resolution.PERSON
    not_placed.prove_not_placed(order_of(old), old, resolution=person, text="Not there.", now=LATER)
    order = order_of(old)
    assert order.move(Status.QUEUED, now=LATER)
    second = claims.claim(order, order.provider, now=LATER)
    assert second and record_outcome.record(second, NOT_SENT, now=LATER)
    assert order_of(old).status == Status.QUEUED


def test_a_second_send_that_has_not_left_stops_at_a_late_proof_of_the_first(monkeypatch):
    order, provider = make_order(), FakeProvider()
    old = make_attempt(order, outcome=Outcome.NOT_PLACED)

    def add(payload, *, before_send):
        record_outcome.record(old, ACCEPTED, now=NOON)
        before_send()
        raise AssertionError("It left.")

    monkeypatch.setattr(provider, "add", add)
    assert send_orders.send_order(order, order.provider, provider, clock=noon)
    second = order.attempts.get(number=2)
    assert (second.outcome, order_of(old).status) == (Outcome.NOT_SENT, Status.UNCONFIRMED)


def moving(order: Order, to: Status):
    """Somebody else moves it, once. SQLite lets nobody write beside us: there we do it."""

    def move() -> None:
        Order.objects.filter(pk=order.pk).update(status=to)

    return second_worker(move) if connection.vendor == "postgresql" else _once(move)


def test_a_late_proof_counts_although_the_order_is_moved_while_it_is_recorded():
    order = make_order(Status.NOT_PLACED)
    old = make_attempt(order, outcome=Outcome.NOT_PLACED)
    with armed("record.read", moving(order, Status.QUEUED)):
        assert not record_outcome.record(old, ACCEPTED, now=LATER)
    assert (order_of(old).status, order_of(old).flag) == (Status.UNCONFIRMED, Flag.LATE_ANSWER)
    assert order.events.filter(kind="flagged").count() == 1


def test_an_order_that_is_moved_meanwhile_still_follows_the_late_proof_of_its_first_try():
    order = make_order()
    old = make_attempt(order, outcome=Outcome.NOT_PLACED)
    second = claims.claim(order, order.provider, now=LATER)
    assert second and not record_outcome.record(old, ACCEPTED, now=LATER)
    Order.objects.filter(pk=order.pk).update(status=Status.QUEUED)  # what no code of ours does
    with armed("record.read", moving(order, Status.HELD)):
        assert record_outcome.record(second, NOT_SENT, now=LATER)
    old.refresh_from_db()
    assert (order_of(old).status, old.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)


def test_a_given_up_order_that_was_taken_is_flagged_and_can_be_linked():
    order = make_order(Status.GIVEN_UP)
    attempt = make_attempt(order, outcome=Outcome.UNKNOWN, resolved_by=make_user())
    assert not record_outcome.record(attempt, ACCEPTED, now=LATER)
    attempt.refresh_from_db()
    assert (order_of(attempt).status, order_of(attempt).flag) == (
        Status.GIVEN_UP,
        Flag.LATE_ANSWER,
    )
    assert attempt.evidence["candidate_id"] == "77"


@pytest.mark.parametrize("heard", [NOT_SENT, REFUSED, LOST])
def test_what_agrees_with_the_decision_asks_nobody(heard):
    attempt = make_attempt(make_order(Status.NOT_PLACED), outcome=Outcome.NOT_PLACED)
    assert record_outcome.record(attempt, heard, now=LATER)
    assert (order_of(attempt).status, order_of(attempt).flag) == (Status.NOT_PLACED, Flag.NONE)


def test_a_standing_flag_is_not_written_over():
    order = make_order(Status.NOT_PLACED, flag=Flag.CHARGE_CHANGED)
    attempt = make_attempt(order, outcome=Outcome.NOT_PLACED)
    record_outcome.record(attempt, ACCEPTED, now=LATER)
    assert (order_of(attempt).status, order_of(attempt).flag) == (
        Status.UNCONFIRMED,
        Flag.CHARGE_CHANGED,
    )


# what an answer may hold


def test_a_negative_charge_is_dropped_and_the_acceptance_is_kept(monkeypatch):
    order, provider = make_order(), FakeProvider()
    monkeypatch.setattr(provider, "add", lambda *a, **k: Placed("77", Decimal("-3.5")))
    send_orders.send_order(order, order.provider, provider, clock=noon)
    order = Order.objects.get()
    assert (order.status, order.external_id, order.charge) == (Status.PENDING, "77", None)
    assert order.flag == Flag.CHARGE_DIFFERS
    assert "-3.5" in order.events.get(kind="flagged").text


def test_one_byte_in_a_header_does_not_keep_an_accepted_answer_from_being_recorded(monkeypatch):
    seen = Evidence(
        reason="Accepted.\x00",
        bytes_left=True,
        content_type="application/json\x00\ud800",
        exception_chain=("Bad\x00",),
    )
    order, provider = make_order(), FakeProvider()
    monkeypatch.setattr(provider, "add", lambda *a, **k: Placed("77", evidence=seen))
    send_orders.send_order(order, order.provider, provider, clock=noon)
    order = Order.objects.get()
    assert (order.status, order.external_id) == (Status.PENDING, "77")
    assert order.attempts.get().evidence["content_type"] == "application/json\ufffd\ufffd"


def test_one_answer_that_no_row_takes_does_not_keep_the_others_on_disk(monkeypatch):
    poison, sound = in_flight(), in_flight()
    for attempt in (poison, sound):
        with answer_spool.kept(attempt, ACCEPTED):
            pass
    real = record_outcome.record

    def record(attempt, *args, **kwargs):
        if attempt.pk == poison.pk:
            raise ValueError("A string literal cannot contain NUL (0x00) characters.")
        return real(attempt, *args, **kwargs)

    monkeypatch.setattr(record_outcome, "record", record)
    assert answer_spool.import_spool(now=NOON) == 1
    assert order_of(sound).status == Status.PENDING
    names = sorted(path.name for path in answer_spool.directory().glob("*"))
    assert names == [f"{poison.pk}-{poison.idempotency_key}.json.bad"]


def test_one_row_that_cannot_be_reaped_does_not_keep_the_others(monkeypatch):
    poison, sound = in_flight(), in_flight()
    real = record_outcome.take_for_lost

    def take(attempt_id, **how):
        if attempt_id == poison.pk:
            raise ValueError("broken")
        return real(attempt_id, **how)

    monkeypatch.setattr(record_outcome, "take_for_lost", take)
    assert sweep_due.reap_lost_sends(now=LATER) == 1
    assert order_of(sound).status == Status.UNCONFIRMED


def test_an_id_of_another_order_is_told_by_the_name_of_its_constraint():
    service = make_service(make_provider())
    make_order(Status.IN_PROGRESS, service=service, external_id="23501")
    order = make_order(service=service)
    send_orders.send_order(order, order.provider, FakeProvider(), clock=noon)
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.UNCONFIRMED, Flag.ID_REUSED)


def found_on_disk(attempt: Attempt) -> None:
    with answer_spool.kept(attempt, ACCEPTED):
        pass
    assert answer_spool.import_spool(now=LATER) == 1


def recorded_by_a_worker_that_dies(attempt: Attempt) -> None:
    with armed("record.committed", die), suppress(Crash):
        send_orders._write_down(attempt, ACCEPTED, noon)


@pytest.mark.parametrize("record", [found_on_disk, recorded_by_a_worker_that_dies])
def test_both_orders_of_an_id_given_twice_are_flagged_whoever_records_it(record):
    attempt = in_flight()
    first = make_order(Status.IN_PROGRESS, provider=attempt.provider, external_id="77")
    record(attempt)
    order = order_of(attempt)
    first.refresh_from_db()
    assert (order.status, order.flag, first.flag) == (
        Status.UNCONFIRMED,
        Flag.ID_REUSED,
        Flag.ID_REUSED,
    )
    record_outcome.record(attempt, LOST, now=LATER, reused="77")
    assert first.events.filter(kind=EventKind.FLAGGED).count() == 1, "told once"


def test_an_id_that_is_nobody_elses_by_now_flags_nobody():
    attempt = in_flight()
    assert record_outcome.record(attempt, id_known_already(ACCEPTED), now=NOON, reused="77")
    assert (order_of(attempt).status, order_of(attempt).flag) == (Status.UNCONFIRMED, Flag.NONE)
    assert Attempt.objects.get().evidence["candidate_id"] == "77", "it is looked at all the same"


def test_another_broken_rule_is_not_taken_for_an_id_given_twice():
    attempt = in_flight()

    def break_a_rule() -> None:
        raise IntegrityError("CHECK constraint failed: another_rule")

    with armed("record.moved", break_a_rule), pytest.raises(IntegrityError, match="another_rule"):
        record_outcome.record(attempt, ACCEPTED, now=NOON)
    assert Attempt.objects.get().outcome == Outcome.IN_FLIGHT, "it stays to be recorded"
    assert order_of(attempt).status == Status.SENDING


@pytest.fixture
def unheard_commit(monkeypatch):
    """The first commit of a recording is done, and the connection breaks before it says so."""
    unheard = [True]

    @contextmanager
    def commit():
        with durable_transaction():
            yield
        if unheard:
            unheard.pop()
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(record_outcome, "durable_transaction", commit)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return unheard


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (None, Status.PENDING),
        (lost_answer(), Status.UNCONFIRMED),
        (never_left(), Status.QUEUED),
        (refusal(RefusalCode.FUNDS), Status.HELD),
    ],
    ids=["accepted", "lost", "not sent", "refused"],
)
def test_an_outcome_whose_commit_was_not_heard_of_is_recorded_once(unheard_commit, failure, status):
    order, there = make_order(), FakeProvider()
    there.then = failure
    assert send_orders.send_order(order, order.provider, there, clock=noon)
    assert not unheard_commit
    order.refresh_from_db()
    assert (order.status, order.flag) == (status, Flag.NONE)
    assert list(order.events.values_list("after", flat=True)) == [Status.SENDING, status]
    assert order.attempts.get().late == {}
