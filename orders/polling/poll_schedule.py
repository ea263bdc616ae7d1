"""Which orders to ask about next, and when again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet

from core import clocks
from core.rows.bulk import read_by_key, read_columns, write_columns
from core.rows.loops import AWAY, in_halves
from providers.connect import batch_size
from providers.models import Provider
from providers.panel_api import BatchRefused, RefusalCode
from providers.panel_api.id_batches import MANY_TOGETHER

from ..models import PollSchedule

CHUNK = 500  # orders put off at once
STEP = 1.25  # each wait is so much longer than the one before
COUNTED = timedelta(days=1)  # so long it is known how often nothing of a row could be written
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
    checked_at: datetime | None
    looked_at: datetime | None


def due_batch(provider: Provider, now: datetime, *, most: int = 0) -> list[DueSchedule]:
    """The next orders to ask about in one call, oldest due first; at most `most`, or as many as
    the provider takes.

    Orders due soon fill the batch up. After a batch that was refused whole, its orders come
    in parts until the one that spoils it stands alone.
    """
    left = left_alone("orders", provider, now)
    soon = now + timedelta(seconds=clocks.POLL_LOOKAHEAD_SECONDS)
    most = most or batch_size(provider)
    rows = read_columns(
        PollSchedule, DueSchedule._fields, DUE, (provider.pk, soon, most + len(left))
    )
    batch = [one for one in map(DueSchedule._make, rows) if one.order_id not in left][:most]
    if not batch or batch[0].next_at > now:
        return []
    cap = batch[0].batch_cap
    return [schedule for schedule in batch if schedule.batch_cap == cap][: cap or most]


def take_apart(
    provider: Provider, batch: Sequence[DueSchedule], refusal: BatchRefused, now: datetime
) -> None:
    """After a batch that was refused whole: its orders come in halves, behind what else is due, so
    that the other half of one that was refused before is asked about first.

    Words nobody knows may be about the account. So two orders of a large batch are asked about
    first, each alone: where both hear the same, no order explains it, after three calls.
    """
    cap = 1 if refusal.singly else (len(batch) + 1) // 2
    schedules = PollSchedule.objects.filter(pk__in=[schedule.order_id for schedule in batch])
    _change(provider, schedules, now, batch_cap=cap, next_at=now)
    is_whole = batch[0].batch_cap == 0 and len(batch) >= MANY_TOGETHER
    if is_whole and refusal.code is RefusalCode.UNLISTED:
        first = batch[0].next_at - timedelta(milliseconds=1)
        two = schedules.filter(pk__in=_two_of(batch, now))
        _change(provider, two, now, batch_cap=1, next_at=first)


def _two_of(batch: Sequence[DueSchedule], now: datetime) -> list[int]:
    """Others after each pause, so that two that do spoil their batch do not always stand for it."""
    turn = 2 * int(now.timestamp() // clocks.SAME_REFUSAL_PAUSE_SECONDS)
    return [batch[place % len(batch)].order_id for place in (turn, turn + 1)]


def put_off(provider: Provider, now: datetime, *, together: bool) -> None:
    """Leave all that is due at this account alone for a while. Where `together`, it is
    one batch again then, but for what could not be read alone."""
    soon = now + timedelta(seconds=clocks.POLL_LOOKAHEAD_SECONDS)
    later = now + timedelta(seconds=clocks.SAME_REFUSAL_PAUSE_SECONDS)
    due = PollSchedule.objects.filter(provider=provider, next_at__lte=soon)
    if together:
        _change(provider, due.filter(failures=0), now, batch_cap=0)
    _change(provider, due, now, next_at=later)


def _change(
    provider: Provider, schedules: QuerySet[PollSchedule], now: datetime, **columns: Any
) -> None:
    """All of these. One that takes nothing keeps no other from it: it stays due, and is left alone
    for a while, as two of them would be a batch that is refused again."""
    try:
        with transaction.atomic():
            schedules.update(**columns)
    except AWAY:
        raise
    except Exception:
        keys = list(schedules.order_by("pk").values_list("pk", flat=True))

        def change(some: Sequence[int]) -> None:
            with transaction.atomic():
                PollSchedule.objects.filter(pk__in=some).update(**columns)

        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]
            what = "orders to be asked about later"
            if broken := in_halves(chunk, change, what=what, most=CHUNK):
                leave_alone("orders", provider, broken, now)


def poll_soon(order_ids: Sequence[int], now: datetime) -> None:
    """Have these orders asked about with the next status call. One that is due may be asked about
    this moment: it is due sooner then, by which its answer leaves it due (`Writes.pulled`). Held
    in the order of their keys, as by whoever writes answers. One that cannot be pulled forward
    keeps its turn, and takes nothing that is written beside it along."""

    def pull(some: Sequence[int]) -> None:
        with transaction.atomic():
            rows = read_by_key(PollSchedule, ("order_id", "next_at"), some, lock=True)
            moments = [(min(now, due - timedelta(milliseconds=1)), pk) for pk, due in rows]
            write_columns(PollSchedule, ("next_at",), moments)

    in_halves(sorted(order_ids), pull, what="orders to be asked about soon", most=len(order_ids))


def leave_alone(what: str, provider: Provider, keys: Iterable[int], now: datetime) -> None:
    """What cannot even be put off in its row stays due there, by which the watchdog tells of it;
    each process asks about it less and less often by itself, and about all others meanwhile."""
    name = f"left-alone-{what}-{provider.pk}"
    known: dict[int, tuple[int, datetime]] = cache.get(name) or {}
    kept = {key: told for key, told in known.items() if now - told[1] < COUNTED}
    for key in keys:
        often, _ = kept.get(key, (0, now))
        kept[key] = often + 1, now
    cache.set(name, kept, None)


def left_alone(what: str, provider: Provider, now: datetime) -> set[int]:
    """Those of this account that have their pause. One from the future is of a clock set back."""
    known: dict[int, tuple[int, datetime]] = cache.get(f"left-alone-{what}-{provider.pk}") or {}
    steps = [timedelta(seconds=seconds) for seconds in clocks.BREAKER_SECONDS]
    return {
        key
        for key, (times, since) in known.items()
        if since <= now < since + steps[min(times, len(steps)) - 1]
    }


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
