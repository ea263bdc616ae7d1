"""When something was, by a clock that is right, although the desk's own stepped meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

SLACK = timedelta(seconds=5)  # between asking the clock and writing down what it said
BEFORE = datetime(1, 1, 2, tzinfo=UTC)
AFTER = datetime(9999, 12, 30, tzinfo=UTC)


class RightTime:
    """`steps`: since when (by the right clock) the desk's is off by how many seconds; the first
    of them is the begin of everything.

    A moment the desk wrote down can mean two when it stepped by less than the run takes. Then
    the earliest is meant, and of an end the earliest that is not before its begin.
    """

    def __init__(self, steps: Sequence[tuple[datetime, float]] = ((BEFORE, 0.0),)) -> None:
        ends = [*(at for at, _ in steps[1:]), AFTER]
        self._parts = [
            (begin, end, timedelta(seconds=off))
            for (begin, off), end in zip(steps, ends, strict=True)
        ]

    def of(self, moment: datetime) -> datetime:
        return min(self._readings(moment), default=moment)

    def seconds(self, begin: datetime, end: datetime) -> float:
        began = self.of(begin)
        later = [one for one in self._readings(end) if one >= began - SLACK]
        return (min(later, default=self.of(end)) - began).total_seconds()

    def _readings(self, moment: datetime) -> list[datetime]:
        return [
            moment - off
            for begin, end, off in self._parts
            if begin - SLACK <= moment - off <= end + SLACK
        ]
