"""Time passes as it does where beat runs: what lost orders have waited is counted on the way."""

from __future__ import annotations

from datetime import datetime, timedelta

from orders.models import Attempt
from orders.recovery.search import wait_clock
from orders.status import Outcome


def let_pass(now: datetime, seconds: float) -> datetime:
    """When the time is over. Beat comes by at each step on the way, and then."""
    until = now + timedelta(seconds=seconds)
    if not Attempt.objects.filter(outcome=Outcome.UNKNOWN).exists():
        return max(now, until)  # nothing is lost on the way, so there is nothing to count
    while now < until:
        now = min(until, now + timedelta(seconds=wait_clock.LONGEST_STEP))
        wait_clock.count(now=now)
    return now
