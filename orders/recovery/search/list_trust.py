"""How far a provider's own list of our newest orders can be believed.

Nobody promises its order, its age or its spelling. So it is measured by the orders in it that are
known to be ours: they must stand in the order in which they were sent, and be what was ordered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from providers.panel_api import RecentOrder

from ...models import Attempt, Recovery
from ...status import Outcome
from . import id_range, wait_clock
from .list_rows import Likeness, likeness

FEWEST_OF_OURS = 2  # one alone does not tell which end is the newest


@dataclass(frozen=True, slots=True)
class OwnList:
    """Rows newest first where `doubt` is empty; `places` says at which row a send of ours stands.
    Otherwise `doubt` is why the list proves nothing, for staff."""

    rows: tuple[RecentOrder, ...]
    taken: frozenset[str]
    places: dict[int, int]
    doubt: str = ""

    def rows_for(self, attempt: Attempt, rules: Recovery) -> list[RecentOrder] | None:
        """Those that came after the last order of ours from before this send, and before the
        first from when it could no longer appear. None: the list does not reach back so far, or
        its row does not tell when it was sent."""
        if attempt.recalled_at is not None:
            return None
        before = [place for pk, place in self.places.items() if pk < attempt.pk]
        return self._rows_up_to(min(before), attempt, rules) if before else None

    def rows_that_may_be(self, attempt: Attempt, rules: Recovery) -> list[RecentOrder]:
        """The same where these are not known: then any older row may be it."""
        rows = self.rows_for(attempt, rules)
        return self._rows_up_to(len(self.rows), attempt, rules) if rows is None else rows

    def _rows_up_to(self, end: int, attempt: Attempt, rules: Recovery) -> list[RecentOrder]:
        first = self._first_later(attempt, rules)
        return list(self.rows[0 if first is None else first + 1 : end])

    def is_fresh(self, attempt: Attempt, rules: Recovery) -> bool:
        """It shows an order of ours that was sent when this one could no longer appear."""
        return self._first_later(attempt, rules) is not None

    def _first_later(self, attempt: Attempt, rules: Recovery) -> int | None:
        later = id_range.surely_after(attempt, rules)
        places = [place for pk, place in self.places.items() if later is not None and pk > later]
        return max(places, default=None)


def read_list(account: list[int], rows: Sequence[RecentOrder]) -> OwnList:
    named = [row for row in rows if row.order_id]
    nameless, rows = len(rows) - len(named), named
    ids = [row.order_id for row in rows]
    taken = frozenset(id_range.claimed(account, ids))
    sends = _sends_in(account, ids)
    at = [(place, sends[one]) for place, one in enumerate(ids) if one in sends]
    rising = [attempt.pk for _, attempt in at]
    if rising == sorted(rising) and len(rising) > 1:
        rows, last = rows[::-1], len(ids) - 1
        at = [(last - place, attempt) for place, attempt in reversed(at)]
    places = {attempt.pk: place for place, attempt in at}
    doubt = "It has rows without a number." if nameless else _why_not(ids, rows, at)
    return OwnList(tuple(rows), taken, places, doubt)


def _sends_in(account: list[int], ids: Sequence[str]) -> dict[str, Attempt]:
    accepted = Attempt.objects.filter(
        provider__in=account, outcome=Outcome.ACCEPTED, external_id__in=ids, recalled_at=None
    )
    return {
        attempt.external_id: attempt
        for attempt in accepted.select_related("order__service__proposed")
    }


def _why_not(
    ids: Sequence[str], rows: Sequence[RecentOrder], at: Sequence[tuple[int, Attempt]]
) -> str:
    """Empty where the list can be believed."""
    sends = [attempt for _, attempt in at]
    if len(set(ids)) < len(ids):
        return "It names an order twice."
    if len(sends) < FEWEST_OF_OURS:
        return "It shows too few orders that are known to be ours."
    newest_first = all(one.pk > other.pk for one, other in pairwise(sends))
    if not newest_first or not wait_clock.times_agree(sends[::-1]):
        return "It does not show our orders as they were sent."
    if not _falls(rows):
        return "Its rows are not in the order of their times."
    for place, attempt in at:
        if likeness(attempt.order, rows[place]) is Likeness.IS_NOT:
            return (
                f"What it says of {attempt.external_id}, an order of ours, is not what was ordered."
            )
    return ""


def _falls(rows: Sequence[RecentOrder]) -> bool:
    """Times that are all written alike are compared as they are written: year, month, day first."""
    times = [row.created_at for row in rows if row.created_at]
    dated = [text for text in times if text[:4].isdecimal() and not text[4:5].isdecimal()]
    if len({len(text) for text in dated}) != 1 or len(dated) < len(times):
        return True  # written in a way that says nothing about their order
    return all(one >= other for one, other in pairwise(dated))
