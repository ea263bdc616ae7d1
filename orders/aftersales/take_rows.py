"""Claiming the refills or cancels of one call: a row that the database refuses keeps no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Final, TypeVar

from django.db import transaction

from core.rows.loops import in_halves

from ..models import CancelRequest, Refill

Row = TypeVar("Row", Refill, CancelRequest)
WHAT: Final = "refills and cancels to be sent"


def take_each(rows: Sequence[Row], take: Callable[[Row], bool]) -> list[Row]:
    """Those of them that could be claimed, as they are from then on; in the caller's transaction,
    and in the order of `rows`. One that cannot be written is left to the log and as it was: nothing
    of it leaves, and the watchdog tells that it waits. So it may be of all of them."""
    taken = dict[int, Row]()

    def take_some(some: Sequence[Row]) -> None:
        for row in some:
            taken.pop(row.pk, None)  # of a try before, which was undone
        with transaction.atomic():
            for row in some:
                mine = copy(row)  # a claim changes it, and the next try needs it as it was read
                if take(mine):
                    taken[row.pk] = mine

    broken = in_halves(rows, take_some, what=WHAT, most=len(rows))
    for row in broken:
        taken.pop(row.pk, None)
    return [taken[row.pk] for row in rows if row.pk in taken]
