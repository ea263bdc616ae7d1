"""A set of orders as text, so that a form can carry exactly the orders that were shown with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..models import Order, OrderQuerySet

AT_ONCE = 500
_RUNS = re.compile(r"[0-9]{1,18}(?:-[0-9]{1,18})?(?:,[0-9]{1,18}(?:-[0-9]{1,18})?)*")


class NotChosen(ValueError):
    """The text names no set of orders, or more of them than may be chosen."""


def spelled(ids: Iterable[int]) -> str:
    """`[3, 4, 5, 9]` is "3-5,9"."""
    runs: list[list[int]] = []
    for one in sorted(set(ids)):
        if runs and runs[-1][1] == one - 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    return ",".join(f"{low}-{high}" if low < high else str(low) for low, high in runs)


def read(text: str, *, most: int) -> list[int]:
    """The ids, ascending. Raises NotChosen; a run longer than `most` is never unrolled."""
    if not _RUNS.fullmatch(text):
        raise NotChosen("no ids")
    found: list[int] = []
    for run in text.split(","):
        low, _, high = run.partition("-")
        first, last = int(low), int(high or low)
        if not first <= last < first + most - len(found):
            raise NotChosen("too many ids")
        found.extend(range(first, last + 1))
    return sorted(set(found))


def in_parts(ids: Sequence[int]) -> Iterator[OrderQuerySet]:
    """The orders, a few hundred a query."""
    for start in range(0, len(ids), AT_ONCE):
        yield Order.objects.filter(pk__in=ids[start : start + AT_ONCE])
