"""Moments of an account that a clock wrote which was ahead for a while: they count as come."""

from __future__ import annotations

from datetime import datetime, timedelta

from core import clocks
from providers.models import Lease, LeaseKind, ProviderHealth

from .pacing import PROBE_SECONDS

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
        ("next_add_at", clocks.ADD_PAUSE_CAP_SECONDS),
        ("slow_until", clocks.RETRY_AFTER_CAP_SECONDS),
        ("eased_until", clocks.EASED_SECONDS),
    ):
        beyond = now + timedelta(seconds=seconds)
        found += ProviderHealth.objects.filter(**{f"{name}__gt": beyond}).update(**{name: now})
    return found
