"""A journal that cannot be read proves nothing: what did not leave is queued again, unless its own
claim has found that the database may be another one. That waits, and nothing is thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from core.failpoints import armed
from orders.aftersales import runs
from orders.models import DatabaseId, Halt, Order, Refill, UnreadAnswer
from orders.restores.tasks import importers
from orders.sending import answer_places, answer_spool, halts, send_journal, sweep_due
from orders.sending.outcome import MAY_BE_RESTORED
from orders.sending.restore_check import guard
from orders.sending.writes import answer_files, recording, spool_files
from orders.status import RECALLED, HaltKind, Outcome, RefillStatus, Status
from orders.tests.restores.test_calls_of_restored import panel as panel
from orders.tests.restores.test_calls_of_restored import send as ask
from orders.tests.restores.test_claims_of_restored import AFTER, OLD, REAPED
from orders.tests.restores.test_claims_of_restored import forgotten as forgotten
from orders.tests.restores.test_recalled_calls import Panel
from orders.tests.sending.test_answer_spool import crash_at
from orders.tests.sending.test_restore_guard import LATER, acknowledge, quarantined, send, take_back
from orders.watchdog import overdue
from providers.models import Provider
from tests.builders import NOON, make_order, make_provider, make_refill, make_service
from tests.fake_provider import FakeProvider, never_left

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "PAUSES", ())


def path_of(provider_id: int, kind: str = "") -> Path:
    path = send_journal.directory() / f"{provider_id}{kind}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def unreadable(path: Path) -> Iterator[Callable[[], None]]:
    """From the call on until the end."""
    away = path.with_name("away")

    def begin() -> None:
        if not path.is_dir():
            path.rename(away)
            path.mkdir()

    yield begin
    path.rmdir()
    away.rename(path)


def left(directory: Path) -> list[str]:
    return [path.suffix for path in directory.glob("*.json*")]


def test_an_order_that_did_not_leave_is_queued_again() -> None:
    order, provider = make_order(), FakeProvider()
    path_of(order.provider_id).mkdir()
    order = send(order, provider)
    assert (order.status, order.attempts.get().outcome) == (Status.QUEUED, Outcome.NOT_SENT)
    assert not left(answer_spool.directory()) and not Halt.objects.exists()
    path_of(order.provider_id).rmdir()
    assert send(order, provider, AFTER).status == Status.PENDING


def test_a_refill_that_did_not_leave_is_queued_again() -> None:
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    refill = make_refill(order=make_order(Status.COMPLETED, service=make_service(account)))
    path_of(account.pk, ".requests").mkdir()
    runs.send_requests(account, Panel(), clock=lambda: NOON, seconds=0)
    refill.refresh_from_db()
    assert (refill.status, refill.requests) == (RefillStatus.QUEUED, 0)
    assert not left(answer_files.directory())


def test_an_order_whose_claim_finds_another_database_waits_until_its_sends_can_be_read(
    forgotten: tuple[Order, FakeProvider],
) -> None:
    order, provider = forgotten
    with (
        unreadable(path_of(order.provider_id)) as begin,
        armed("send.answered", begin),
    ):
        assert send(order, provider, AFTER).status == Status.SENDING
        assert answer_spool.import_spool(now=AFTER) == 0
        assert left(answer_spool.directory()) == [".json"]
    assert answer_spool.import_spool(now=AFTER) == 1
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED
    assert order.attempts.filter(started_at=NOON, code=RECALLED).exists()


@pytest.mark.parametrize("panel", [False], indirect=True, ids=["the same"])
@pytest.mark.parametrize("is_reaped", [False, True], ids=["in its hands", "taken for lost"])
def test_a_refill_whose_claim_finds_another_database_waits_until_its_calls_can_be_read(
    is_reaped: bool, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its own look brings nothing in."""
    account = Provider.objects.get()
    monkeypatch.setattr(guard, "check_database", lambda *, now: False)
    with (
        unreadable(path_of(account.pk, ".requests")) as begin,
        armed("request.answered", begin),
    ):
        ask(panel, lambda: AFTER)
        assert Refill.objects.get().status == RefillStatus.SENDING
        assert answer_files.import_left_behind(importers(AFTER)) == 0
        assert left(answer_files.directory()) == [".json"]
        assert runs.reap_lost_requests(now=REAPED if is_reaped else AFTER) == is_reaped
    assert answer_files.import_left_behind(importers(AFTER)) == 1
    assert Refill.objects.get().status == RefillStatus.PENDING
    monkeypatch.undo()
    assert guard.check_database(now=OLD) and len(panel.done) == 1


def test_an_order_is_queued_again_although_its_replays_cannot_be_read() -> None:
    """It has not been taken for lost, so nobody can have replayed it."""
    order, provider = make_order(), FakeProvider()
    provider.then = never_left()
    path_of(order.provider_id, ".repeats").mkdir()
    assert send(order, provider).status == Status.QUEUED


def test_one_whose_lease_is_over_waits_too_although_nobody_has_taken_it_for_lost() -> None:
    """Somebody had, perhaps, and replayed it, in a later life of this database."""
    provider = FakeProvider()
    provider.then = never_left()
    order = crash_at("send.spooled", make_order(), provider)
    path_of(order.provider_id, ".repeats").mkdir()
    assert answer_spool.import_spool(now=REAPED) == 0
    order.refresh_from_db()
    assert (order.status, left(answer_spool.directory())) == (Status.SENDING, [".json"])


def test_one_that_was_taken_for_lost_waits_until_its_replays_can_be_read() -> None:
    provider = FakeProvider()
    provider.then = never_left()
    order = crash_at("send.spooled", make_order(), provider)
    assert sweep_due.reap_lost_sends(now=REAPED)
    repeats = path_of(order.provider_id, ".repeats")
    repeats.mkdir()
    assert answer_spool.import_spool(now=REAPED) == 0
    assert left(answer_spool.directory()) == [".json"]
    repeats.rmdir()
    assert answer_spool.import_spool(now=REAPED + timedelta(seconds=1)) == 1
    order.refresh_from_db()
    assert order.status == Status.NOT_PLACED
    assert not Halt.objects.standing().filter(kind=HaltKind.ANSWER_LOST).exists()


@pytest.mark.parametrize("kind", ["", ".requests"])
def test_one_of_an_account_hides_no_restore_from_the_others(kind: str) -> None:
    path_of(make_provider().pk, kind).mkdir()
    order, provider = make_order(), FakeProvider()
    send(order, provider)
    take_back(order)
    send(order, provider, LATER)
    assert quarantined() and len(provider.placed) == 1
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.PENDING, "23501"), "its look has brought it"
    assert order.attempts.get(outcome=Outcome.NOT_SENT).reason == MAY_BE_RESTORED


def test_a_readable_journal_is_compared_although_the_other_of_its_account_is_not() -> None:
    order = make_order()
    send(order, FakeProvider())
    take_back(order)
    path_of(order.provider_id, ".requests").mkdir()
    assert not guard.check_database(now=LATER)
    assert quarantined()


def test_a_database_is_not_taken_while_what_was_sent_again_cannot_be_read() -> None:
    order = make_order()
    send(order, FakeProvider())
    take_back(order)
    guard.quarantine("put back", now=LATER)
    acknowledge(LATER)
    path_of(order.provider_id, ".repeats").mkdir()
    assert not guard.check_database(now=LATER + timedelta(minutes=1))


@pytest.mark.parametrize("kind", ["", ".requests", ".repeats"])
def test_a_database_counts_as_compared_only_where_each_journal_could_be_read(kind: str) -> None:
    """Else ids that are orders of the account that could not be would be taken for lost ones, and
    one that was replayed for one that is not there."""
    DatabaseId.objects.update_or_create(pk=1, defaults={"compared_at": NOON})
    journal = path_of(make_provider().pk, kind)
    journal.mkdir()
    assert guard.check_database(now=LATER)
    assert DatabaseId.objects.get().compared_at == NOON
    assert halts.may_be_another_database(LATER)
    journal.rmdir()
    assert guard.check_database(now=LATER)
    assert not halts.may_be_another_database(LATER)


def test_a_database_counts_as_compared_only_where_the_journals_could_be_listed() -> None:
    """A directory that cannot be read is not one without a journal."""
    DatabaseId.objects.update_or_create(pk=1, defaults={"compared_at": NOON})
    with unreadable_directory(make_order()):
        assert guard.check_database(now=LATER)
        assert DatabaseId.objects.get().compared_at == NOON
    assert guard.check_database(now=LATER)
    assert DatabaseId.objects.get().compared_at == LATER


def test_nothing_is_sent_while_the_journals_cannot_be_listed() -> None:
    order, provider = make_order(), FakeProvider()
    with unreadable_directory(order):
        assert send(order, provider).status == Status.QUEUED
    assert provider.placed == []


@contextmanager
def unreadable_directory(order: Order) -> Iterator[None]:
    """A file in its place, which also root cannot list."""
    directory = path_of(order.provider_id).parent
    away = directory.with_name("sent-away")
    directory.rename(away)
    directory.touch()
    yield
    directory.unlink()
    away.rename(directory)


@pytest.mark.parametrize("folder", [answer_spool.directory, answer_files.directory])
def test_a_directory_of_answers_that_cannot_be_read_is_not_an_empty_one(
    folder: Callable[[], Path],
) -> None:
    """A file in its place, which also root cannot list."""
    folder().parent.mkdir(parents=True, exist_ok=True)
    folder().touch()
    UnreadAnswer.objects.create(name="a.json.bad", host="here", seen_at=NOON - timedelta(days=90))
    with pytest.raises(OSError):
        answer_spool.import_spool(now=NOON)
    assert UnreadAnswer.objects.exists()
    with pytest.raises(OSError):
        answer_places.waiting_here()
    assert overdue.UNLISTED in [late.reason for late in overdue.standstills(NOON)]
    assert spool_files.first_of(folder(), "key", lambda path: path) is None
