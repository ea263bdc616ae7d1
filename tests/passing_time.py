"""Time passes as it does where beat runs: what lost orders have waited is counted on the way."""

from __future__ import annotations

from datetime import datetime, timedelta

from orders.actions.recovery import waiting
from orders.models import Attempt
from orders.status import Outcome


def let_pass(now: datetime, seconds: float) -> datetime:
    """When the time is over. Beat comes by at each step on the way, and then."""
    until = now + timedelta(seconds=seconds)
    while now < until:
        now = min(until, now + timedelta(seconds=waiting.LONGEST_STEP))
        if Attempt.objects.filter(outcome=Outcome.UNKNOWN).exists():
            waiting.count(now=now)
    return now
