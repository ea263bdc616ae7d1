"""When a lost order is looked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from core import clocks

from ...models import Attempt, Recovery
from . import deciding


def moments(attempt: Attempt, rules: Recovery) -> list[datetime]:
    """When this lost order is looked for; the last is when it can no longer appear."""
    over = attempt.started_at + timedelta(seconds=rules.grace_seconds)
    known = attempt.unknown_at or attempt.started_at
    early = [known + timedelta(seconds=after) for after in clocks.LOOK_AFTER_SECONDS]
    return [*(moment for moment in early if moment < over), max(over, known)]


def later_moments(attempt: Attempt, rules: Recovery, now: datetime) -> list[datetime]:
    return [moment for moment in moments(attempt, rules) if moment > now]


def schedule(lost: Iterable[Attempt], rules: Recovery) -> None:
    """Give the new ones their first moment."""
    for attempt in lost:
        if attempt.look_at is None and attempt.looked_at is None and deciding.is_open(attempt):
            attempt.look_at = moments(attempt, rules)[0]
            Attempt.objects.filter(pk=attempt.pk).update(look_at=attempt.look_at)


def is_due(attempt: Attempt, now: datetime) -> bool:
    due = attempt.look_at is not None and attempt.look_at <= now and attempt.looked_at is None
    return due and deciding.is_open(attempt)


def pass_on(lost: Iterable[Attempt], rules: Recovery, now: datetime) -> None:
    """Where ids are not searched: those that were due wait for their next moment. After the last
    one their time is over."""
    for attempt in lost:
        if is_due(attempt, now) and (later := later_moments(attempt, rules, now)):
            Attempt.objects.filter(pk=attempt.pk).update(look_at=later[0])


def put_off(attempts: Iterable[Attempt], now: datetime) -> None:
    """Look for these a little later."""
    later = now + timedelta(seconds=clocks.BREAKER_SECONDS[0])
    keys = [attempt.pk for attempt in attempts]
    Attempt.objects.filter(pk__in=keys).update(look_at=later)
