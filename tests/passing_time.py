"""Time passes as it does where beat runs: what lost orders have waited is counted on the way."""

from __future__ import annotations

from datetime import datetime, timedelta
from unittest.mock import patch

from orders.models import Attempt
from orders.recovery.search import wait_clock
from orders.status import Outcome

A_WHILE = 60.0  # seconds that are counted as one, once each lost order has its first step


def let_pass(now: datetime, seconds: float) -> datetime:
    """When the time is over. Beat comes by at the first step on the way, and then: of six steps in
    a row, between which nothing happens, the sum is counted."""
    until = now + timedelta(seconds=seconds)
    if not Attempt.objects.filter(outcome=Outcome.UNKNOWN).exists():
        return max(now, until)  # nothing is lost on the way, so there is nothing to count
    step = wait_clock.LONGEST_STEP
    while now < until:
        now = min(until, now + timedelta(seconds=step))
        with patch.object(wait_clock, "LONGEST_STEP", step):
            wait_clock.count(now=now)
        step = A_WHILE
    return now
