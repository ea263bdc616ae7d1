"""When a lost order is looked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from core import clocks
from core.rows.loops import one_by_one

from ...models import Attempt, Recovery
from .. import resolve
from . import wait_clock


def first_moment(attempt: Attempt, rules: Recovery, now: datetime) -> datetime:
    later = later_moments(attempt, rules, min(now, attempt.unknown_at or now))
    return later[0] if later else now


def later_moments(attempt: Attempt, rules: Recovery, now: datetime) -> list[datetime]:
    """When this lost order is looked for after `now`; the last is when it can no longer appear.
    None left: it has been waited for long enough."""
    left = wait_clock.left(attempt, rules.grace_seconds)
    if not left:
        return []
    known = attempt.unknown_at or attempt.started_at
    over = known + timedelta(seconds=rules.grace_seconds)
    if not now < over <= now + timedelta(seconds=left + wait_clock.LONGEST_STEP):
        over = now + timedelta(seconds=left)  # the clock was set since
    early = [known + timedelta(seconds=after) for after in clocks.SEARCH_AFTER_SECONDS]
    return [*(moment for moment in early if now < moment < over), over]


def schedule(lost: Iterable[Attempt], rules: Recovery, now: datetime) -> None:
    """Give the new ones their first moment, and those that a clock has put far away a near one."""
    furthest = now + timedelta(seconds=rules.grace_seconds + clocks.BREAKER_SECONDS[-1])

    def give(attempt: Attempt) -> None:
        if attempt.searched_at is not None or not resolve.is_open(attempt):
            return
        if attempt.search_at is None or attempt.search_at > furthest:
            moment = first_moment(attempt, rules, now)
            Attempt.objects.same_as(attempt).update(search_at=moment)

    one_by_one(lost, give, what="first searches")


def is_due(attempt: Attempt, now: datetime) -> bool:
    due = attempt.search_at is not None and attempt.search_at <= now and attempt.searched_at is None
    return due and resolve.is_open(attempt)


def pass_on(lost: Iterable[Attempt], rules: Recovery, now: datetime) -> None:
    """Where ids are not searched: those that were due wait for their next moment. After the last
    one their time is over."""

    def pass_one_on(attempt: Attempt) -> None:
        if is_due(attempt, now) and (later := later_moments(attempt, rules, now)):
            Attempt.objects.same_as(attempt).update(search_at=later[0])

    one_by_one(lost, pass_one_on, what="searches passed on")


def put_off(attempts: Iterable[Attempt], now: datetime) -> None:
    """Look for these a little later."""
    later = now + timedelta(seconds=clocks.BREAKER_SECONDS[0])
    Attempt.objects.among(attempts).update(search_at=later)
