"""Moments of an account that a clock wrote which was ahead for a while: they count as come."""

from __future__ import annotations

from datetime import datetime, timedelta

from core import clocks
from core.clocks import still_ahead
from providers.models import (
    CatalogRun,
    ConnectionReport,
    Lease,
    LeaseKind,
    Provider,
    ProviderHealth,
)

from .token_bucket import PROBE_SECONDS, longest_add_pause

# The longest that each kind of work is put off; what is further ahead was not meant.
_LEASES = {
    LeaseKind.BALANCE: max(clocks.BALANCE_EVERY_SECONDS, clocks.RETRY_AFTER_CAP_SECONDS),
    LeaseKind.CATALOG: clocks.CATALOG_EVERY_HOURS * 3600,
}


def pull_back(now: datetime) -> int:
    """How many moments were further ahead than their own cap."""
    found = 0
    for kind, seconds in _LEASES.items():
        beyond = now + timedelta(seconds=2 * seconds)  # a wait may be spread a little
        found += Lease.objects.filter(kind=kind, due_at__gt=beyond).update(due_at=now)
    for name, seconds in (
        ("open_until", clocks.BREAKER_SECONDS[-1]),
        ("probe_until", PROBE_SECONDS),
        ("slow_until", clocks.RETRY_AFTER_CAP_SECONDS),
        ("eased_until", clocks.EASED_SECONDS),
        ("funds_refused_at", 0),  # only a balance that was read later ends it
    ):
        beyond = clocks.furthest(now, seconds)
        found += ProviderHealth.objects.filter(**{f"{name}__gt": beyond}).update(**{name: now})
    return found + _orders_put_off(now) + _moves(now) + _begun(now)


def _moves(now: datetime) -> int:
    """An account was moved before now, so a catalog that is fetched from now on is of there."""
    ahead = Provider.objects.filter(moved_at__gt=clocks.furthest(now, 0))
    return ahead.update(moved_at=now)


def _begun(now: datetime) -> int:
    """What is under way has begun before now. Until then nobody rings for what its worker left."""
    ahead = clocks.furthest(now, 0)
    runs = CatalogRun.objects.running().filter(started_at__gt=ahead)
    reports = ConnectionReport.objects.filter(ended_at=None, run_at__gt=ahead)
    return runs.update(started_at=now) + reports.update(run_at=now)


def _orders_put_off(now: datetime) -> int:
    """The longest pause before an order is each account's own."""
    soonest = clocks.furthest(now, clocks.BREAKER_SECONDS[-1])
    far = ProviderHealth.objects.filter(next_add_at__gt=soonest).select_related("provider")
    beyond = [
        health.pk
        for health in far
        if still_ahead(health.next_add_at, now, longest_add_pause(health.provider)) is None
    ]
    return ProviderHealth.objects.filter(pk__in=beyond).update(next_add_at=now) if beyond else 0
