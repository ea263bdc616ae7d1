"""When an order at its provider is asked about next, and why then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clocks
from core.regional.numbers import grouped
from core.templatetags.desk import ago

from ..models import Order

FLOOR = timedelta(seconds=clocks.POLL_FLOOR_SECONDS)


@dataclass(frozen=True, slots=True)
class NextCheck:
    at: datetime
    why: str


def next_check(order: Order, now: datetime) -> NextCheck | None:
    """None for an order that is not followed."""
    schedule = getattr(order, "poll_schedule", None)
    if schedule is None or not order.is_open:
        return None
    if schedule.failures:
        times = "answer" if schedule.failures == 1 else f"{grouped(schedule.failures)} answers"
        return NextCheck(schedule.next_at, f"The last {times} about it could not be read.")
    if schedule.next_at - now > 2 * FLOOR:
        since = ago(schedule.changed_at, now)
        return NextCheck(
            schedule.next_at,
            f"Its last news came {since}: what is quiet is asked about less often.",
        )
    return NextCheck(schedule.next_at, "")
