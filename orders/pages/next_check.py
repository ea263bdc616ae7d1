"""When an order at its provider is asked about next, and why then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clocks
from core.regional.numbers import grouped
from core.templatetags.desk import ago
from providers.actions.token_bucket import addable_at
from providers.models import ProviderHealth

from ..models import Halt, Order
from ..status import Status

FLOOR = timedelta(seconds=clocks.POLL_FLOOR_SECONDS)
WORTH_SAYING = timedelta(seconds=5)  # a shorter pause is over before it is read


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


def standing_halts(found: Order) -> list[Halt]:
    """What a queued order waits behind."""
    if found.status != Status.QUEUED:
        return []
    return list(Halt.objects.standing().for_provider(found.provider_id).order_by("kind", "pk"))


def sent_from(found: Order, now: datetime) -> datetime | None:
    """When a pause of this order or of its account is over, if that is worth waiting for."""
    if found.status != Status.QUEUED:
        return None
    health = ProviderHealth.objects.filter(provider=found.provider_id).first()
    soonest = addable_at(health, now) if health else now
    over = max(found.send_after, soonest)
    return over if over > now + WORTH_SAYING else None
