"""Waiting for the price that tells which number at the provider is whose.

A catalog proves nothing of an order that it may be older than. So it is read once the number has
been known for long, counted as the wait of its lost order is; and at once where a number fits
nothing that the desk knows, for the price may be news.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from django.db.models import F

from core import clocks
from core.clocks import still_ahead
from providers.panel_api import Progress

from ....models import Attempt
from ....status import Outcome
from ... import resolve
from ..decide_owners import Decision, decide_owners
from ..id_range import IdRange, number_of
from ..recovery_run import RecoveryRun
from ..wait_clock import LONGEST_STEP

LAG = clocks.CATALOG_LAG_SECONDS + LONGEST_STEP  # a step may count time from before


def decide_with_prices(
    run: RecoveryRun, ranges: Collection[IdRange], candidates: Mapping[str, Progress]
) -> Decision:
    """Once more with a catalog of now, where that can tell more."""
    decision = decide_owners(run, ranges, candidates)
    old = _long_known(ranges)
    is_news = any(decision.matched.foreign & able.keys() for able in decision.moves.values())
    if not is_news and decision.waits.isdisjoint(old):
        return decision
    if not run.read_catalog():
        return decision
    return decide_owners(run, ranges, candidates, read_since=old)


def wait_for_prices(attempts: Iterable[Attempt], decision: Decision, now: datetime) -> bool:
    """Those that hang on a price are searched for again when it can be known; whether any does."""
    if not decision.waits:
        return False
    when = now + timedelta(seconds=LAG)
    waiting = [one for one in resolve.reread(attempts) if one.pk in decision.hangs]
    searched = Attempt.objects.among(waiting).filter(searched_at__isnull=False)
    return bool(searched.update(search_at=when))


def waited(ranges: Iterable[IdRange], now: datetime) -> list[IdRange]:
    """Those that have waited for a price, and no later order closes their range."""
    return [one for one in ranges if one.before is None and _has_waited(one.attempt, now)]


def wait_no_more(rows: Collection[int], now: datetime) -> None:
    """What could be searched for now has been: a later order closes the ranges of the others."""
    lost = Attempt.objects.filter(provider__in=rows, outcome=Outcome.UNKNOWN)
    lost.filter(searched_at__lt=F("search_at"), search_at__lte=now).update(search_at=None)


def kept_numbers(attempt: Attempt) -> list[int]:
    numbers = (number_of(row["id"]) for row in attempt.candidates)
    return [number for number in numbers if number is not None]


def _has_waited(attempt: Attempt, now: datetime) -> bool:
    searched, wanted = attempt.searched_at, attempt.search_at
    if (
        searched is None
        or wanted is None
        or wanted <= searched
        or attempt.range_closed_at is not None
    ):
        return False
    over = still_ahead(wanted, now, LAG) is None
    return over and bool(kept_numbers(attempt)) and resolve.is_open(attempt)


def _long_known(ranges: Iterable[IdRange]) -> frozenset[str]:
    """The numbers that were seen so long ago that a catalog of now is younger."""
    return frozenset(
        row["id"]
        for id_range in ranges
        for row in id_range.attempt.candidates
        if "seen_after" in row and id_range.attempt.waited_seconds - float(row["seen_after"]) >= LAG
    )
