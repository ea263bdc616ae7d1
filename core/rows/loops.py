"""Loops over many rows of which one may be broken."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from django.db import (
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    connection,
)

log = logging.getLogger(__name__)
Row = TypeVar("Row")
AWAY = (OperationalError, InterfaceError)
MOST_AWAY = 3  # in a row, before the database counts as away
MOST_BROKEN = 20  # of one write, before it counts as our own fault and not as that of a row


def one_by_one(
    rows: Iterable[Row],
    act: Callable[[Row], object],
    *,
    what: str,
    ends: tuple[type[Exception], ...] = (),
) -> int:
    """Do `act` for each; for how many it said yes.

    One that fails is logged and left, and the others have their turn. Only a database that is
    away ends the loop, with its error: then no row would fare better. So do errors of `ends`.
    """
    done, away = 0, 0
    for row in rows:
        try:
            done += bool(act(row))
            away = 0
        except AWAY:
            away += 1
            log.exception("%s: %s has to wait for the database", what, row)
            if away == MOST_AWAY or not connection.is_usable():
                raise
        except ends:
            raise
        except Exception:
            log.exception("%s: %s is broken and left alone; the others go on", what, row)
    return done


# No value of one row brings these about.
NOT_OF_A_ROW: Final = (InternalError, NotSupportedError, ProgrammingError)


def in_halves(
    rows: Sequence[Row],
    act: Callable[[Sequence[Row]], object],
    *,
    what: str,
    ends: tuple[type[Exception], ...] = (),
    most: int = MOST_BROKEN,
) -> list[Row]:
    """Do `act` for all of them at once; where that fails, for halves, down to what is broken.

    `act` does nothing where it fails, as a transaction. What fails alone is logged and given back,
    and all others are done. A database that is away, errors of `ends` and more than `most` broken
    ones end it with their error.
    """
    fatal: tuple[type[Exception], ...] = (*AWAY, *ends)
    waiting, broken = [rows] if rows else [], list[Row]()
    while waiting:
        some = waiting.pop()
        try:
            act(some)
        except fatal:
            raise
        except Exception:
            half = len(some) // 2
            if half:
                waiting += [some[half:], some[:half]]
                continue
            log.exception("%s: %.200s is broken and left alone; the others go on", what, some[0])
            broken.append(some[0])
            if len(broken) > most:
                raise
    return broken
