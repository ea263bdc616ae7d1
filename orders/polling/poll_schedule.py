"""Which orders to ask about next, and when again."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from typing import NamedTuple

from core import clocks
from core.rows.bulk import read_columns
from providers.connect import batch_size
from providers.models import Provider

from ..models import PollSchedule

STEP = 1.25  # each wait is so much longer than the one before
DUE = "provider_id = %s AND next_at <= %s ORDER BY next_at, order_id LIMIT %s"


class DueSchedule(NamedTuple):
    """The columns of a PollSchedule that a run needs; a hundred are read with every call."""

    order_id: int
    external_id: str
    next_at: datetime
    changed_at: datetime
    failures: int
    batch_cap: int
    last_answer: str


def due_batch(provider: Provider, now: datetime, *, most: int = 0) -> list[DueSchedule]:
    """The next orders to ask about in one call, oldest due first; at most `most`, or as many as
    the provider takes.

    Orders due soon fill the batch up. After a batch that was refused whole, its orders come
    in halves until the one that spoils it stands alone.
    """
    soon = now + timedelta(seconds=clocks.POLL_LOOKAHEAD_SECONDS)
    most = most or batch_size(provider)
    rows = read_columns(PollSchedule, DueSchedule._fields, DUE, (provider.pk, soon, most))
    batch = list(map(DueSchedule._make, rows))
    if not batch or batch[0].next_at > now:
        return []
    cap = batch[0].batch_cap
    return [schedule for schedule in batch if schedule.batch_cap == cap][: cap or most]


def put_off(provider: Provider, now: datetime) -> None:
    """Leave everything that is due at this account alone for a while."""
    soon = now + timedelta(seconds=clocks.POLL_LOOKAHEAD_SECONDS)
    later = now + timedelta(seconds=clocks.SAME_REFUSAL_PAUSE_SECONDS)
    PollSchedule.objects.filter(provider=provider, next_at__lte=soon).update(next_at=later)


def _steps() -> list[timedelta]:
    seconds, steps = float(clocks.POLL_FLOOR_SECONDS), list[timedelta]()
    while seconds < clocks.POLL_CEILING_SECONDS:
        steps.append(timedelta(seconds=round(seconds, 1)))
        seconds *= STEP
    return [*steps, timedelta(seconds=clocks.POLL_CEILING_SECONDS)]


WAITS = _steps()
AGES = [wait / clocks.POLL_SHARE for wait in WAITS]


def next_check_in(unchanged_for: timedelta) -> timedelta:
    """About a tenth of the time since the last change, between floor and ceiling.

    There are some forty such waits, so that orders asked about together come due together and
    are written down together.
    """
    return WAITS[max(bisect_right(AGES, unchanged_for) - 1, 0)]
