"""The watchdog of outcomes: what stands still, for the overview, every page and /readyz."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db import DatabaseError
from django.urls import reverse

from core.clocks import FIGURES_SECONDS, HEARTBEAT_STALE_SECONDS
from core.release import newer_migrations
from orders.oldest_work import Late
from orders.watchdog.overdue import Standstill, standstills

from ..models import BEAT, Heartbeat
from ..timetable import QUEUES

NO_REASON = "No reason is known."
CACHE_KEY = "watchdog"
_WAITS_FOR_PEOPLE = frozenset({Late.UNCONFIRMED})  # told elsewhere, and no fault of the machinery

_ON_DISK = frozenset({Late.SPOOL, Late.MACHINE})  # ours, although a reason is known


@dataclass(frozen=True, slots=True)
class StandsStill:
    """`code` for machines, `title` and `reason` for people. `is_ours`: no provider explains it."""

    code: str
    title: str
    seconds: int
    reason: str
    address: str
    is_ours: bool

    @property
    def minutes(self) -> int:
        return max(1, self.seconds // 60)

    def as_json(self) -> dict[str, object]:
        return {"what": self.code, "seconds": self.seconds, "reason": self.reason}


def what_stands_still(now: datetime) -> list[StandsStill]:
    """At most a few seconds old; what is wrong with the desk's own parts first, then the rest,
    oldest first."""
    found: list[StandsStill] | None = cache.get(CACHE_KEY)
    if found is None:
        late = (_told(one, now) for one in standstills(now))
        found = [*_older_code(), *_silent_parts(now), *late]
        cache.set(CACHE_KEY, found, FIGURES_SECONDS)
    return found


def for_banner(now: datetime) -> list[StandsStill]:
    """What the machinery owes, for a banner on every page; a page never fails for it."""
    try:
        return worst_of(what_stands_still(now))
    except DatabaseError:
        return []


def worst_of(found: Iterable[StandsStill]) -> list[StandsStill]:
    """The oldest of each kind that no provider and no person explains."""
    worst: dict[str, StandsStill] = {}
    for one in found:
        if one.is_ours:
            worst.setdefault(one.code, one)
    return list(worst.values())


def _older_code() -> list[StandsStill]:
    """Told by the process that is asked: workers beside it were most likely forgotten with it."""
    if not (newer := newer_migrations()):
        return []
    title = "This desk is older than its database: workers like it send nothing"
    reason = f"Stop it, and start the new release. It does not know {', '.join(newer)}."
    return [StandsStill("older_code", title, 0, reason, reverse("readyz"), True)]


def _silent_parts(now: datetime) -> list[StandsStill]:
    """Those that were never seen say nothing: a desk that has just been made has none."""
    ages = Heartbeat.objects.ages(now)
    words = {BEAT: "Beat has stopped: nothing is begun by itself"}
    words |= {queue: f"No worker serves the queue {queue}" for queue in QUEUES}
    return [
        StandsStill(f"heartbeat.{part}", words[part], int(age), NO_REASON, reverse("readyz"), True)
        for part, age in ages.items()
        if part in words and age > HEARTBEAT_STALE_SECONDS
    ]


def _told(late: Standstill, now: datetime) -> StandsStill:
    return StandsStill(
        code=late.late.value,
        title=late.late.label + (f" ({late.account})" if late.account else ""),
        seconds=int((now - late.since).total_seconds()),
        reason=late.reason or NO_REASON,
        address=_address(late),
        is_ours=late.late in _ON_DISK or (not late.reason and late.late not in _WAITS_FOR_PEOPLE),
    )


def _address(late: Standstill) -> str:
    if late.job_id is not None:
        return reverse("bulk-action", args=[late.job_id])
    if late.batch_id is not None:
        return reverse("mass-order", args=[late.batch_id])
    if late.late is Late.COMPARE:
        return reverse("restored")
    if late.order_id is not None:
        return reverse("order", args=[late.order_id])
    if late.provider_id is not None:
        return reverse("provider", args=[late.provider_id])
    return reverse("readyz")
