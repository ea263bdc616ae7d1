"""A database that was taken back to an earlier day sends nothing until a person has looked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.models import Model

from core import clocks
from core.failpoints import armed
from orders.models import (
    Attempt,
    DatabaseId,
    Halt,
    Order,
    OrderEvent,
    PollSchedule,
    ReconcileRun,
    RequestCall,
    UnmatchedOrder,
)
from orders.sending import answer_spool, claims, halts, record_outcome, send_journal, send_orders
from orders.sending.outcome import SendOutcome
from orders.sending.restore_check import guard, recall_all
from orders.sending.writes import journal_file
from orders.status import Flag, HaltKind, JobState, Outcome, Status, Write
from orders.tests.sending.obstacles import Crash, die
from providers.panel_api import NotSent, RefusalCode
from tests.builders import NOON, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider, lost_answer, never_left, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATER = NOON + timedelta(minutes=5)
LATEST = NOON + timedelta(minutes=10)
TOMORROW = NOON + timedelta(days=1)


def at(moment):
    return lambda: moment


def send(order: Order, provider: FakeProvider, moment=NOON) -> Order:
    fresh = Order.objects.select_related("provider").get(pk=order.pk)
    send_orders.send_order(fresh, fresh.provider, provider, clock=at(moment))
    return Order.objects.get(pk=order.pk)


def claim(order: Order, moment=NOON) -> Attempt:
    fresh = Order.objects.select_related("provider").get(pk=order.pk)
    attempt = claims.claim(fresh, fresh.provider, now=moment)
    assert attempt is not None
    return attempt


def marked(provider_id: int) -> send_journal.HighWaterMark:
    mark = send_journal.high_water_mark(provider_id)
    assert mark is not None
    return mark


def take_back(order: Order) -> None:
    """What a backup made before this order was sent would say of it."""
    Attempt.objects.filter(order=order).delete()
    OrderEvent.objects.filter(order=order).delete()
    PollSchedule.objects.filter(order=order).delete()
    Order.objects.filter(pk=order.pk).update(
        status=Status.QUEUED, external_id="", sent_at=None, charge=None
    )


def forget(order: Order) -> None:
    """What a backup made before this order was placed would say of it."""
    take_back(order)
    Order.objects.filter(pk=order.pk).delete()


def quarantined() -> bool:
    return Halt.objects.standing().filter(kind=HaltKind.RESTORED, provider=None).exists()


def acknowledge(moment=LATER) -> None:
    """As the page does it after a finished run."""
    halt = Halt.objects.get(kind=HaltKind.RESTORED, lifted_at=None)
    ReconcileRun.objects.create(
        halt=halt,
        state=JobState.DONE,
        started_by=make_user(),
        created_at=moment,
        acknowledged_at=moment,
        database=guard.database_identity(),
    )
    halts.lift_halt(HaltKind.RESTORED, now=moment)


def test_a_first_start_is_taken_as_it_is():
    order = send(make_order(), FakeProvider())
    assert order.status == Status.PENDING
    assert guard.check_database(now=NOON)
    assert not Halt.objects.exists()


def test_the_mark_is_on_disk_before_the_first_byte():
    order, provider = make_order(), FakeProvider()
    marks: list[send_journal.HighWaterMark] = []
    provider.meanwhile = lambda: marks.append(marked(order.provider_id))
    send(order, provider)
    attempt = order.attempts.get()
    assert (marks[0].attempt, marks[0].idempotency_key) == (attempt.pk, attempt.idempotency_key)


def test_an_order_that_was_sent_and_stands_as_queued_again_is_not_sent_again():
    provider, order = FakeProvider(), make_order()
    send(order, provider)
    take_back(order)
    order = send(order, provider, LATER)
    assert len(provider.placed) == 1
    outcomes = set(order.attempts.values_list("outcome", flat=True))
    assert outcomes == {Outcome.NOT_SENT, Outcome.ACCEPTED}
    assert (order.status, order.external_id) == (Status.PENDING, "23501"), "by what was kept"
    reason = Halt.objects.get().reason
    assert quarantined()
    assert "is missing" in reason


@pytest.mark.parametrize("is_call", [False, True])
def test_what_a_clock_ahead_has_marked_is_accepted_as_all_else_is(is_call):
    """Otherwise sending would stand still for as long as that clock was ahead."""
    order = make_order(Status.COMPLETED)
    if is_call:
        call = RequestCall.objects.create(
            provider=order.provider, write=Write.REFILL, worker="w", started_at=TOMORROW
        )
        guard.journal_call(call, [], now=at(TOMORROW))
        call.delete()
    else:
        forget(send(make_order(provider=order.provider), FakeProvider(), TOMORROW))
    assert not guard.check_database(now=NOON)
    acknowledge(LATER)
    assert guard.check_database(now=LATEST)
    assert not quarantined()


def test_what_a_clock_ahead_has_acknowledged_accepts_no_later_restore():
    provider, order = FakeProvider(), make_order()
    forget(send(order, provider))
    assert not guard.check_database(now=NOON)
    acknowledge(TOMORROW)
    assert guard.check_database(now=TOMORROW)
    forget(send(make_order(provider=order.provider), provider, LATER))
    assert not guard.check_database(now=LATEST)
    assert quarantined()


def test_it_is_noticed_before_the_first_claim_too():
    provider, order = FakeProvider(), make_order()
    send(order, provider)
    take_back(order)
    assert not guard.check_database(now=LATER)
    send(order, provider, LATER)
    assert quarantined()
    assert len(provider.placed) == 1


@pytest.mark.parametrize("number", ["the same", "a lower one"])
def test_a_number_that_is_given_out_again_is_noticed(number):
    """The row with the marked number is there, and is another send of the same order."""
    provider, order = FakeProvider(), make_order()
    send(order, provider)
    old = order.attempts.get().pk
    take_back(order)
    attempt = claim(order, LATER)
    pk = old if number == "the same" else old - 1
    Attempt.objects.filter(pk=attempt.pk).update(id=pk)
    attempt.pk = pk
    with pytest.raises(NotSent):
        guard.journal_send(attempt, now=at(LATER))
    assert quarantined()


def test_another_send_under_the_marked_number_and_key_is_not_the_marked_one():
    """Whoever looks, not only the one with the number in hand."""
    provider, order = FakeProvider(), make_order()
    send(order, provider)
    old = order.attempts.get().pk
    take_back(order)
    Attempt.objects.filter(pk=claim(order, LATER).pk).update(id=old)
    assert order.attempts.get().idempotency_key == marked(order.provider_id).idempotency_key
    assert not guard.check_database(now=LATER)


def numbers_go_back(model: type[Model], to: int) -> None:
    """As where the rows of a database came without its sequences."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = %s", [to, table])
        else:
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, to])


@pytest.mark.parametrize("apart", [1, 300], ids=["seconds", "minutes"])
def test_numbers_that_went_back_are_noticed_although_the_marked_row_is_there(apart: int) -> None:
    provider, service = FakeProvider(), make_service()
    attempt = claim(make_order(service=service))
    record_outcome.record(attempt, SendOutcome(Outcome.NOT_SENT, Status.QUEUED), now=NOON)
    send(make_order(service=service), provider)
    assert guard.check_database(now=NOON)
    numbers_go_back(Attempt, attempt.pk)
    attempt.started_at = NOON + timedelta(seconds=apart)
    with pytest.raises(NotSent):
        guard.journal_send(attempt, now=at(attempt.started_at))
    assert "had been given out" in Halt.objects.get().reason


@pytest.mark.parametrize(
    "earlier", [0, 1, -1, -3600, 3600], ids=["at once", "before it", "after it", "back", "ahead"]
)
def test_of_two_claims_at_once_the_slower_one_is_not_sent_and_stops_nobody(earlier: int) -> None:
    """The lease of the account has run out, perhaps by a clock that was ahead for a moment: both
    took their numbers before either is marked."""
    provider, service = FakeProvider(), make_service()
    slow = claim(make_order(service=service), NOON)
    record_outcome.record(slow, SendOutcome(Outcome.NOT_SENT, Status.QUEUED), now=NOON)
    moment = NOON + timedelta(seconds=earlier)
    send(make_order(service=service, created_at=moment, send_after=moment), provider, moment)
    assert len(provider.placed) == 1
    with pytest.raises(NotSent, match="Another worker"):
        guard.journal_send(slow, now=at(NOON + timedelta(seconds=2)))
    assert not quarantined()
    assert guard.check_database(now=NOON)


@pytest.mark.parametrize("seconds", [0, 3600], ids=["at once", "ahead for a moment"])
def test_of_two_calls_at_once_the_slower_one_is_not_made_and_stops_nobody(seconds: int) -> None:
    account = make_provider()
    slow = RequestCall.objects.create(provider=account, write=Write.REFILL, started_at=NOON)
    moment = NOON + timedelta(seconds=seconds)
    quick = RequestCall.objects.create(provider=account, write=Write.REFILL, started_at=moment)
    guard.journal_call(quick, [], now=at(moment))
    with pytest.raises(NotSent, match="Another worker"):
        guard.journal_call(slow, [], now=at(NOON + timedelta(seconds=2)))
    assert not quarantined()
    numbers_go_back(RequestCall, slow.pk)
    with pytest.raises(NotSent):
        guard.journal_call(slow, [], now=at(NOON + timedelta(seconds=2)))
    assert quarantined()


def test_a_clock_that_is_set_back_between_two_claims_stops_nobody() -> None:
    """It makes every lease free: a second worker comes before the first has marked its own."""
    provider, service = FakeProvider(), make_service()
    slow = claim(make_order(service=service), NOON)
    record_outcome.record(slow, SendOutcome(Outcome.NOT_SENT, Status.QUEUED), now=NOON)
    back = NOON - timedelta(hours=1)
    send(make_order(service=service, created_at=back), provider, back)
    assert len(provider.placed) == 1
    with pytest.raises(NotSent, match="clock was set, or"):
        guard.journal_send(slow, now=at(back + timedelta(seconds=2)))
    assert not quarantined()


def test_another_database_is_noticed_at_every_account():
    first, second, provider = make_order(), make_order(), FakeProvider()
    send(first, provider)
    send(second, provider)
    if connection.vendor == "sqlite":
        DatabaseId.objects.all().delete()
    else:  # as `pg_restore --clean` leaves it: the same rows in a table made anew
        table = Attempt._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} RENAME TO the_old_one")
            cursor.execute(f"CREATE TABLE {table} (LIKE the_old_one INCLUDING ALL)")
            cursor.execute(f"INSERT INTO {table} SELECT * FROM the_old_one")
    assert not guard.check_database(now=LATER)
    assert f"Account {second.provider_id}: it is another database" in Halt.objects.get().reason


def test_the_database_has_a_name_that_lasts():
    assert guard.database_identity() == guard.database_identity()
    assert guard.database_identity().startswith(connection.vendor)


def test_a_claim_that_was_overtaken_closes_no_halt():
    """Frozen between claim and mark, past its lease; another worker has sent meanwhile."""
    provider, service = FakeProvider(), make_service()
    slow, quick = make_order(service=service), make_order(service=service)
    attempt = claim(slow)
    reaped = NOON + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1)
    record_outcome.record(attempt, SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED), now=reaped)
    halts.lift_halt(HaltKind.ANSWER_LOST, now=reaped, provider=service.provider)
    send(quick, provider, reaped)
    with pytest.raises(NotSent):
        guard.journal_send(attempt, now=at(reaped))
    assert not quarantined()
    assert marked(service.provider_id).attempt > attempt.pk


def test_what_cannot_be_marked_is_not_sent(monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    provider, order = FakeProvider(), make_order()
    monkeypatch.setattr(journal_file, "append_line", full)
    order = send(order, provider)
    assert (order.status, provider.placed) == (Status.QUEUED, [])
    assert "No space left" in order.reason


def test_a_database_that_is_known_without_a_row_of_its_own_gets_one_for_each_look(monkeypatch):
    monkeypatch.setattr(guard, "database_identity", lambda: "postgresql 1 timeline 00000001")
    for moment in (NOON, NOON + timedelta(seconds=10)):
        assert guard.check_database(now=moment)
        assert DatabaseId.objects.get().compared_at == moment


def test_a_database_that_goes_away_before_the_mark_leaves_the_order_unsent(monkeypatch):
    def away():
        raise OperationalError("gone")

    provider, order = FakeProvider(), make_order()
    monkeypatch.setattr(guard, "database_identity", away)
    order = send(order, provider)
    assert (order.status, provider.placed) == (Status.QUEUED, [])


def test_a_line_that_was_written_late_takes_the_mark_not_back():
    provider, service = FakeProvider(), make_service()
    slow = claim(make_order(service=service))
    record_outcome.record(slow, SendOutcome(Outcome.NOT_SENT, Status.QUEUED), now=NOON)
    send(make_order(service=service), provider)
    newest = marked(service.provider_id)
    send_journal.note_send(slow, newest.database)
    assert marked(service.provider_id) == newest


def test_a_line_that_a_crash_cut_off_is_no_mark():
    provider, service = FakeProvider(), make_service()
    send(make_order(service=service), provider)
    path = next(send_journal.directory().glob("*.jsonl"))
    with path.open("a") as file:
        file.write('\n{"what": "sent", "attempt": 99')
    order = send(make_order(service=service), provider, LATER)
    assert order.status == Status.PENDING
    assert marked(service.provider_id).attempt == order.attempts.get().pk


def test_a_full_file_makes_room_and_keeps_the_mark(monkeypatch):
    monkeypatch.setattr(journal_file, "LARGEST", 10)
    provider, service = FakeProvider(), make_service()
    for _ in range(3):
        order = send(make_order(service=service), provider)
    mark = marked(service.provider_id)
    assert mark.attempt == order.attempts.get().pk
    kept = [file for file in send_journal.directory().iterdir() if file.suffix != ".lock"]
    assert len(kept) == 2
    newest = send_journal.directory() / f"{service.provider_id}.jsonl"
    assert '"carried"' in newest.read_text(), "should its first line of a send be cut off"
    assert send_journal.accounts() == [service.provider_id]
    (send_journal.directory() / f"{service.provider_id}.jsonl").unlink()  # died between the two
    assert marked(service.provider_id).attempt < mark.attempt


def test_an_acknowledged_database_is_accepted_and_sends_again():
    provider, service = FakeProvider(), make_service()
    lost, waiting = make_order(service=service), make_order(service=service)
    send(lost, provider)
    forget(lost)
    send(waiting, provider, LATER)
    assert quarantined()
    acknowledge(LATER)
    assert guard.check_database(now=LATEST)
    assert send(waiting, provider, LATEST).status == Status.PENDING
    assert guard.check_database(now=LATEST)


def test_an_acknowledgement_does_not_cover_what_was_sent_after_it():
    provider, service = FakeProvider(), make_service()
    first, second = make_order(service=service), make_order(service=service)
    send(first, provider)
    forget(first)
    guard.check_database(now=LATER)
    acknowledge(LATER)
    guard.check_database(now=LATER)
    assert send(second, provider, LATEST).status == Status.PENDING
    take_back(second)
    assert not guard.check_database(now=LATEST)


def test_an_answer_from_the_log_is_given_back_to_its_order():
    provider, order = FakeProvider(), make_order()
    send(order, provider)
    take_back(order)
    guard.check_database(now=LATER)
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.PENDING, "23501")
    assert PollSchedule.objects.filter(order=order).exists()
    events = order.events.count()
    recall_all.recall_everywhere(now=LATEST)
    order.refresh_from_db()
    assert (order.attempts.count(), order.events.count()) == (1, events), "once"
    assert (order.flag, UnmatchedOrder.objects.count()) == (Flag.NONE, 0)


def test_an_order_whose_answer_nobody_knows_is_unconfirmed_and_left_to_a_person():
    provider, order = FakeProvider(), make_order()
    provider.then = lost_answer()
    send(order, provider)
    take_back(order)
    Halt.objects.all().delete()
    guard.check_database(now=LATER)
    order.refresh_from_db()
    attempt = order.attempts.get()
    assert (order.status, attempt.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)
    assert attempt.searched_at, "its place among the provider's numbers is not known any more"
    assert attempt.started_at == NOON


def test_what_is_proven_not_to_have_left_may_be_sent():
    provider, order = FakeProvider(), make_order()
    provider.then = never_left()
    send(order, provider)
    take_back(order)
    guard.check_database(now=LATER)
    order.refresh_from_db()
    assert (order.status, order.attempts.count()) == (Status.QUEUED, 0)


def test_an_answer_still_in_the_spool_is_used_too():
    order, provider = make_order(), FakeProvider()
    with armed("send.spooled", die), pytest.raises(Crash):
        send(order, provider)
    take_back(order)
    guard.check_database(now=LATER)
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.PENDING, "23501")
    assert answer_spool.import_spool(now=LATER) == 1
    assert list(answer_spool.directory().iterdir()) == []


def test_an_order_that_is_lost_altogether_is_listed_for_a_person():
    provider, order = FakeProvider(), make_order()
    send(order, provider)
    forget(order)
    guard.check_database(now=LATER)
    recall_all.recall_everywhere(now=LATER)
    unmatched = UnmatchedOrder.objects.get()
    assert (unmatched.external_id, unmatched.link) == ("23501", order.link)


def test_an_order_that_stands_where_it_cannot_be_taken_is_flagged():
    provider, order = FakeProvider(), make_order()
    send(order, provider)
    take_back(order)
    Order.objects.filter(pk=order.pk).update(status=Status.PENDING, external_id="7")
    guard.check_database(now=LATER)
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.PENDING, Flag.BOUGHT_TWICE)
    assert UnmatchedOrder.objects.get().order == order


def test_a_refusal_is_brought_back_as_one():
    provider, order = FakeProvider(), make_order()
    provider.then = refusal(RefusalCode.LINK, "Bad link")
    send(order, provider)
    take_back(order)
    guard.check_database(now=LATER)
    order.refresh_from_db()
    assert (order.status, order.reason) == (Status.REJECTED, "Bad link")


def test_a_look_takes_as_many_queries_for_ten_accounts_as_for_one(django_assert_num_queries):
    provider = FakeProvider()
    send(make_order(), provider)
    guard.check_database(now=NOON)
    with django_assert_num_queries(4):
        guard.check_database(now=NOON)
    for _ in range(9):
        send(make_order(), provider)
    with django_assert_num_queries(4):
        guard.check_database(now=NOON)


def test_the_check_of_one_send_is_two_queries(django_assert_num_queries):
    provider, service = FakeProvider(), make_service(make_provider())
    send(make_order(service=service), provider)
    attempt = claim(make_order(service=service))
    with django_assert_num_queries(2):
        guard.journal_send(attempt, now=at(NOON))
