"""By how much a balance may have changed between two readings. Pure arithmetic over intervals.

A movement happened somewhere between its first and its last possible moment, and a reading shows
the balance of some moment in the minutes before it. So what is known of a change is an interval;
where all is known it has no width. docs/decisions/the-interval-of-a-day.md tells why.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from core import clocks

ZERO = Decimal(0)
LAG = timedelta(seconds=clocks.BALANCE_LAG_SECONDS)
SMALLEST = Decimal("0.00001")  # a thousandth of a cent concerns nobody


@dataclass(frozen=True, slots=True)
class Movement:
    """The balance changed by `least` to `most` between the two moments: below zero for what
    was paid. One that may not have happened at all reaches to zero."""

    at_low: datetime
    at_high: datetime
    least: Decimal
    most: Decimal


@dataclass(frozen=True, slots=True)
class Reading:
    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Interval:
    """What a change may have been: from `low` to `high`."""

    low: Decimal = ZERO
    high: Decimal = ZERO

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def beyond(self, amount: Decimal) -> Decimal:
        """How far outside an amount lies: above zero beyond `high`, below zero beyond `low`."""
        if amount > self.high:
            return amount - self.high
        return min(amount - self.low, ZERO)


def explained(movements: Iterable[Movement], opening: Reading, closing: Reading) -> Interval:
    """By how much these movements may have changed the balance from one reading to the other."""
    low = high = ZERO
    for move in movements:
        inside, outside, reversed_ = _where(move, opening.at, closing.at)
        ways = [move.least, move.most] if inside else []
        if outside:
            ways.append(ZERO)
        if reversed_:  # the later reading showed the older balance
            ways += [-move.least, -move.most]
        low += min(ways)
        high += max(ways)
    return Interval(low, high)


def _where(move: Movement, opening: datetime, closing: datetime) -> tuple[bool, bool, bool]:
    """Can it be between what the two readings show? Can it be outside? Between, but backwards?"""
    inside = move.at_high > opening - LAG and move.at_low <= closing
    surely = move.at_low > opening and move.at_high <= closing - LAG
    backwards = move.at_high > closing - LAG and move.at_low <= opening
    return inside, not surely, backwards and closing - LAG < opening


@dataclass(frozen=True, slots=True)
class Step:
    """From one reading to the next: what the balance did, and what may explain it."""

    opening: Reading
    closing: Reading
    interval: Interval

    @property
    def change(self) -> Decimal:
        return self.closing.amount - self.opening.amount

    @property
    def beyond(self) -> Decimal:
        return self.interval.beyond(self.change)


def steps(movements: Iterable[Movement], readings: Sequence[Reading]) -> Iterator[Step]:
    """Every step in which the balance changed."""
    known = sorted(movements, key=lambda move: move.at_high)
    ends = [move.at_high for move in known]
    longest = max((move.at_high - move.at_low for move in known), default=timedelta(0))
    for opening, closing in pairwise(readings):
        if opening.amount == closing.amount:
            continue
        first = bisect_right(ends, opening.at - LAG)
        last = bisect_right(ends, closing.at + longest)
        yield Step(opening, closing, explained(known[first:last], opening, closing))


def jumps_up(movements: Iterable[Movement], readings: Sequence[Reading], room: Decimal) -> Interval:
    """How much came in that nothing explains, reading by reading: at least, and at most.

    Money that is missing in the same breath hides behind a jump; the interval says how much can.
    """
    jumps = [step for step in steps(movements, readings) if step.beyond > room]
    came = (
        Interval(step.change - step.interval.high, step.change - step.interval.low)
        for step in jumps
    )
    return sum(came, Interval())


def rounding(readings: Iterable[Reading]) -> Decimal:
    """One unit in the last place this provider writes its balance with."""
    places = max((_places(reading.amount) for reading in readings), default=0)
    return max(Decimal(1).scaleb(-max(places, 2)), SMALLEST)


def _places(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
