"""One worker at a time for a row: a lease is a holder and a moment, and every step one UPDATE.

A holder that died keeps nothing: its lease runs out, and the next worker goes on. Whatever the
clocks do, nothing stands behind a dead holder for longer than its kind of lease is given for and
`READINGS_APART_SECONDS` more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import uuid4

from django.db import models
from django.db.models import Q, QuerySet

from .. import clocks

Row = TypeVar("Row", bound="Leased")
QUIET_SECONDS: Final = 15  # no step of a worker that lives takes so long
RELEASED: Final[dict[str, Any]] = {"holder": "", "held_until": None}


class Leased(models.Model):
    """A row that one worker holds at a time. `holder` is the token of who does, "" for nobody."""

    holder = models.CharField(max_length=36, blank=True, default="")
    held_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody has worked at a row since `last`, which is `seconds` ago. `within` so many another
    worker takes it over; None: nobody holds it, so whoever is free first does."""

    seconds: int
    within: int | None
    last: datetime


def silence_of(row: Leased, *, since: datetime, lease: float, now: datetime) -> Silence | None:
    """For the page of work that should go on `since` then, under leases of so many seconds; None
    while it does."""
    held = clocks.still_ahead(row.held_until, now, lease) if row.holder else None
    left = (held - now).total_seconds() if held else 0.0
    last = now - timedelta(seconds=lease - left) if held else (row.held_until or since)
    quiet = int((now - last).total_seconds())
    if quiet < QUIET_SECONDS:
        return None
    within = int(left) + clocks.REAP_EVERY_SECONDS if held else None
    return Silence(quiet, within, last)


def is_free(now: datetime, seconds: float) -> Q:
    """Nobody's, run out, or leased for longer than the `seconds` that such a lease is given for:
    then a clock was ahead."""
    beyond = clocks.furthest(now, seconds)
    return Q(holder="") | Q(held_until=None) | Q(held_until__lte=now) | Q(held_until__gt=beyond)


def acquire(
    rows: QuerySet[Row], *, now: datetime, seconds: float, **changes: Any
) -> dict[str, Any] | None:
    """Hold the one row of `rows` if it is free; `changes` are written with it. What finds the row
    as long as it is held, or None while somebody else has it."""
    mine = {"holder": str(uuid4()), "held_until": now + timedelta(seconds=seconds), **changes}
    return {"holder": mine["holder"]} if rows.filter(is_free(now, seconds)).update(**mine) else None


def renew(rows: QuerySet[Row], *, now: datetime, seconds: float, **changes: Any) -> bool:
    """Hold on to what `rows`, narrowed to their holder, finds. False: it is somebody else's."""
    return bool(rows.update(held_until=now + timedelta(seconds=seconds), **changes))


def release(rows: QuerySet[Row], **changes: Any) -> bool:
    """Let go of what is still ours, with `changes`. False: it was not, and nothing was written."""
    return bool(rows.update(**{**RELEASED, **changes}))
