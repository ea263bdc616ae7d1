"""What waits on purpose is not told; what only looks as if it did is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache

from core.clocks import database_now
from orders.models import PollSchedule
from orders.oldest_work import Late
from orders.status import HaltKind, Outcome, RefillStatus, Status
from orders.watchdog.overdue import standstills
from providers.models import ProviderState
from tests.builders import (
    make_attempt,
    make_halt,
    make_order,
    make_provider,
    make_refill,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]
THEN = timedelta(hours=3)
KEY, URL = "one-key-for-both-0123", "https://panel.example/api/v2"


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()


def late_kinds() -> list[Late]:
    return [late.late for late in standstills(database_now())]


def test_orders_behind_a_stop_of_the_account_s_other_row_wait_on_purpose() -> None:
    first = make_provider(key=KEY, url=URL)
    second = make_provider(key=KEY, url="https://PANEL.example/api/v2/")
    make_order(Status.QUEUED, provider=second, send_after=database_now() - THEN)
    assert late_kinds() == [Late.ORDER]
    make_halt(kind=HaltKind.INCIDENT, provider=first)
    assert late_kinds() == []


def test_what_waits_for_a_paused_account_waits_on_purpose() -> None:
    provider = make_provider(state=ProviderState.PAUSED)
    running = make_order(Status.IN_PROGRESS, provider=provider)
    PollSchedule.objects.all().delete()
    make_refill(order=running, due_at=database_now() - THEN)
    assert late_kinds() == []


@pytest.mark.parametrize("held_by", ["a pause", "a stop"])
def test_a_refill_that_is_not_asked_about_is_told_whatever_stops_sending(held_by: str) -> None:
    """To ask sends nothing, and goes on behind either. An older one that waits does not hide it."""
    is_paused = held_by == "a pause"
    account = make_provider(state=ProviderState.PAUSED if is_paused else ProviderState.ACTIVE)
    waiting, there = (make_order(Status.IN_PROGRESS, provider=account) for _ in range(2))
    PollSchedule.objects.all().delete()
    if not is_paused:
        make_halt(kind=HaltKind.INCIDENT, provider=account)
    make_refill(order=waiting, due_at=database_now() - 2 * THEN)
    make_refill(RefillStatus.PENDING, order=there, followed_by="7", due_at=database_now() - THEN)
    told = [(one.late, one.order_id) for one in standstills(database_now())]
    assert told == [(Late.REFILL_POLL, there.pk)]


def test_a_send_that_a_clock_ahead_has_dated_is_no_queue_that_moves() -> None:
    now = database_now()
    order = make_order(Status.QUEUED, send_after=now - THEN)
    make_attempt(
        make_order(Status.PENDING, service=order.service),
        outcome=Outcome.ACCEPTED,
        started_at=now + timedelta(days=1),
    )
    PollSchedule.objects.all().delete()
    assert late_kinds() == [Late.ORDER]
