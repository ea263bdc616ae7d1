"""A machine that was off while a database was put back and accepted finds that out by a claim, of
what it had sent itself. However its look ends, nobody sends that a second time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import OperationalError

from core import clocks
from core.failpoints import armed
from orders.models import Attempt, Halt, Order
from orders.sending import answer_spool, send_orders, sweep_due
from orders.sending.restore_check import guard
from orders.status import RECALLED, HaltKind, Outcome, Status
from orders.tests.sending.obstacles import Crash, die
from orders.tests.sending.test_restore_guard import LATER, acknowledge, send, take_back
from tests.builders import NOON, make_order
from tests.fake_provider import FakeProvider, lost_answer, never_left

pytestmark = [pytest.mark.django_db, pytest.mark.services]
AFTER = LATER + timedelta(minutes=1)
OLD = AFTER + timedelta(seconds=clocks.SEND_WINDOW_SECONDS + 1)
REAPED = AFTER + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1)


@pytest.fixture
def forgotten() -> tuple[Order, FakeProvider]:
    """It was sent, and stands as queued in a database that others have accepted."""
    order, provider = make_order(), FakeProvider()
    send(order, provider)
    take_back(order)
    guard.quarantine("The database was put back.", now=NOON)
    acknowledge(LATER)
    return order, provider


def _claim_is_too_old(order: Order, provider: FakeProvider, patched: pytest.MonkeyPatch) -> None:
    moments = [AFTER]
    with armed("claim.committed", lambda: moments.append(OLD)):
        fresh = Order.objects.select_related("provider").get(pk=order.pk)
        send_orders.send_order(fresh, fresh.provider, provider, clock=lambda: moments[-1])


def _database_goes_away(order: Order, provider: FakeProvider, patched: pytest.MonkeyPatch) -> None:
    def away(**how: object) -> bool:
        raise OperationalError("gone")

    patched.setattr(guard, "check_database", away)
    send(order, provider, AFTER)


def _worker_is_killed(order: Order, provider: FakeProvider, patched: pytest.MonkeyPatch) -> None:
    with armed("record.committed", die), suppress(Crash):
        send(order, provider, AFTER)


def _killed_and_imported(order: Order, provider: FakeProvider, patched: pytest.MonkeyPatch) -> None:
    with armed("send.spooled", die), suppress(Crash):
        send(order, provider, AFTER)
    assert answer_spool.import_spool(now=AFTER) == 1


def _killed_and_reaped(order: Order, provider: FakeProvider, patched: pytest.MonkeyPatch) -> None:
    with armed("send.spooled", die), suppress(Crash):
        send(order, provider, AFTER)
    assert sweep_due.reap_lost_sends(now=REAPED) == 1
    assert answer_spool.import_spool(now=REAPED) == 1


ENDS: dict[str, Callable[[Order, FakeProvider, pytest.MonkeyPatch], None]] = {
    "the claim is too old": _claim_is_too_old,
    "the database goes away": _database_goes_away,
    "the worker is killed": _worker_is_killed,
    "its answer is imported": _killed_and_imported,
    "its claim is reaped": _killed_and_reaped,
}


@pytest.mark.parametrize("look_ends", ENDS.values(), ids=ENDS)
def test_an_order_whose_claim_finds_it_out_is_in_doubt_in_the_same_step(
    look_ends: Callable[[Order, FakeProvider, pytest.MonkeyPatch], None],
    forgotten: tuple[Order, FakeProvider],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another machine has accepted the database and would send what is queued at once."""
    order, provider = forgotten
    with monkeypatch.context() as patched:
        look_ends(order, provider, patched)
    order.refresh_from_db()
    assert order.status in (Status.UNCONFIRMED, Status.PENDING)
    assert not Halt.objects.standing().filter(kind=HaltKind.RESTORED).exists()
    earlier = order.attempts.get(started_at=NOON)
    assert earlier.code in (RECALLED, ""), "unknown, or answered already"
    assert guard.check_database(now=REAPED), "it goes on by itself"
    order.refresh_from_db()
    assert (order.status, order.external_id, order.sent_at) == (Status.PENDING, "23501", NOON)
    outcomes = set(order.attempts.values_list("outcome", flat=True))
    assert outcomes == {Outcome.NOT_SENT, Outcome.ACCEPTED}
    assert len(provider.placed) == 1
    assert any("This machine had sent it" in event.text for event in order.events.all())


def test_an_earlier_try_that_the_database_knows_holds_nothing_back() -> None:
    """It was lost, and shown not to be there: what did not leave now is queued again."""
    order, provider = make_order(), FakeProvider()
    provider.then = lost_answer()
    send(order, provider)
    Attempt.objects.update(outcome=Outcome.NOT_PLACED)
    Order.objects.update(status=Status.QUEUED)
    Halt.objects.all().delete()
    provider.then = never_left()
    assert send(order, provider, LATER).status == Status.QUEUED


def test_an_earlier_send_by_which_nothing_was_bought_holds_nothing_back() -> None:
    order, provider = make_order(), FakeProvider()
    provider.then = never_left()
    send(order, provider)
    take_back(order)
    assert send(order, provider, LATER).status == Status.QUEUED
