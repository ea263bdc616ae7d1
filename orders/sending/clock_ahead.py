"""Moments that a clock wrote which was ahead for a while: they count as come.

A wait of ours has a longest step, and what is further ahead than that is pulled back to now. A
wait that a provider named (a refill's *not before*) may be of any length: it is pulled back
only where the row says that the clock of that moment was ahead. When an order is to start is for
staff to say, and is never touched.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db.models import Q

from core import clocks
from core.clocks import furthest
from core.rows.loops import one_by_one
from providers.actions import clock_ahead as accounts
from providers.models import Provider
from providers.panel_api import RefusalCode

from ..models import CancelRequest, Order, PollSchedule, Refill
from ..status import REFILLS_AT_PROVIDER, CancelStatus, HoldReason, RefillStatus, Status

_BACK_OFF = max(
    clocks.NOT_SENT_BACKOFF_SECONDS[-1],
    clocks.BREAKER_SECONDS[-1],
    clocks.RETRY_AFTER_CAP_SECONDS,
)
_LINK_BUSY = clocks.LINK_BUSY_RETRY_SECONDS[-1]
_POLL = 2 * clocks.POLL_CEILING_SECONDS  # the ceiling is spread a little
_LEASE = 2 * clocks.SEND_LEASE_SECONDS


def pull_back(now: datetime) -> int:
    """Everything that waits for longer than its kind of wait can last; how many moments."""
    found: list[int] = []
    steps: tuple[Callable[[datetime], int], ...] = (
        accounts.pull_back,
        _orders,
        _polls,
        _refills,
        _cancels,
    )
    one_by_one(steps, lambda step: found.append(step(now)), what="moments too far ahead")
    return sum(found)


def _orders(now: datetime) -> int:
    queued = Order.objects.filter(
        status=Status.QUEUED, provider__in=_accounts(), send_after__gt=furthest(now, _BACK_OFF)
    )
    busy = Order.objects.filter(
        status=Status.HELD,
        hold_reason=HoldReason.LINK_BUSY,
        send_after__gt=furthest(now, _LINK_BUSY),
    )
    return queued.update(send_after=now) + busy.update(send_after=now)


def _polls(now: datetime) -> int:
    far = PollSchedule.objects.filter(provider__in=_accounts(), next_at__gt=furthest(now, _POLL))
    return far.update(next_at=now)


def _accounts() -> list[int]:
    """Named, so that an index which begins with the account is used."""
    return list(Provider.objects.values_list("pk", flat=True))


def _refills(now: datetime) -> int:
    """A claim that has lost its worker is then taken for lost, as after its lease."""
    asked = Q(status__in=sorted(REFILLS_AT_PROVIDER), due_at__gt=furthest(now, _POLL))
    queued = Q(status=RefillStatus.QUEUED, due_at__gt=furthest(now, _BACK_OFF))
    claimed = Q(status=RefillStatus.SENDING, due_at__gt=furthest(now, _LEASE))
    named = Q(status=RefillStatus.WAITING, changed_at__gt=furthest(now, _LEASE))
    far = Refill.objects.filter(asked | queued | claimed | named)
    return far.update(due_at=now, changed_at=now)


def _cancels(now: datetime) -> int:
    waiting = CancelRequest.objects.filter(status=CancelStatus.QUEUED)
    ahead = waiting.filter(sent_at__gt=furthest(now, _LEASE))
    far = waiting.exclude(code=RefusalCode.WAIT.value).filter(due_at__gt=furthest(now, _BACK_OFF))
    claimed = CancelRequest.objects.filter(
        status=CancelStatus.SENDING, due_at__gt=furthest(now, _LEASE)
    )
    looks = PollSchedule.objects.filter(
        order__in=waiting.exclude(sent_at=None).values("order"), looked_at__gt=furthest(now, 0)
    )
    pulled = looks.update(looked_at=None, checked_at=None, next_at=now)  # perhaps before the send
    pulled += ahead.update(sent_at=now, due_at=now)
    return pulled + far.update(due_at=now) + claimed.update(due_at=now)
