"""What a person does to the rules of an account, and how its searches have ended so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Avg, Count, Q

from core.models import User
from providers.models import Provider

from ...models import Attempt, Recovery
from ...status import BY_STAFF, Outcome, Resolution


@dataclass(frozen=True, slots=True)
class Figures:
    """Lost answers of an account: how they were replaced, how many nobody knows yet, and the free
    calls that each took on average (None where none was asked)."""

    lost: int
    ways: list[tuple[Resolution, int]]
    unknown: int
    calls: float | None

    @property
    def by_itself(self) -> int:
        return sum(count for way, count in self.ways if way not in BY_STAFF)


def figures(provider: Provider) -> Figures:
    """Two queries, whatever the number of attempts."""
    lost = Attempt.objects.filter(provider=provider, unknown_at__isnull=False)
    resolved = lost.exclude(resolution="").order_by().values_list("resolution")
    counted = resolved.annotate(count=Count("pk")).order_by("-count", "resolution")
    totals = lost.aggregate(
        lost=Count("pk"),
        unknown=Count("pk", filter=Q(outcome=Outcome.UNKNOWN)),
        calls=Avg("calls", filter=Q(calls__gt=0)),
    )
    ways = [(Resolution(way), count) for way, count in counted]
    return Figures(totals["lost"], ways, totals["unknown"], totals["calls"])


def resume(provider: Provider, *, actor: User, now: datetime) -> bool:
    """A person trusts the numbers again. False: the search was not off."""
    off = Recovery.objects.filter(provider=provider).exclude(stopped_because="")
    with transaction.atomic():
        if not off.update(stopped_because="", calibrated_at=None):
            return False
        provider.remember("The search for lost orders is on again.", now=now, actor=actor)
    return True
