"""Loops over many rows of which one may be broken."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

log = logging.getLogger(__name__)
Row = TypeVar("Row")
AWAY = (OperationalError, InterfaceError)
MOST_AWAY = 3  # in a row, before the database counts as away


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
