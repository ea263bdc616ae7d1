"""When a lease that is written as a moment in a row is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from . import clocks


def is_free(now: datetime) -> Q:
    """Nobody's, run out, or leased for longer than any lease is: then a clock was ahead."""
    beyond = now + timedelta(seconds=clocks.LONGEST_LEASE_SECONDS)
    return Q(holder="") | Q(held_until=None) | Q(held_until__lte=now) | Q(held_until__gt=beyond)
