"""Placing the good lines of a batch in the background: a lease, small steps, each line once.

A worker that dies leaves its lease to run out, and the next one goes on. Lines that were placed
just before the death are found by their form keys.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from core import clocks
from core.clocks import Clock
from core.models import User
from core.roles import May
from core.rows import leases
from core.rows.loops import AWAY

from .. import link_queue
from ..draft import OrderDraft
from ..limits import doubtful_rows
from ..models import BatchLine, BatchState, Order, OrderBatch
from ..placing import place_orders
from . import mass_order

log = logging.getLogger(__name__)
CHUNK = 100  # lines checked together, and between two looks at whether the lease is still ours
BROKEN = "The desk made a mistake with this line; its log says more."

CheckLines = Callable[
    [Sequence[BatchLine], OrderBatch, datetime], list[tuple[BatchLine, OrderDraft | None, bool]]
]
"""Checks lines once more: each line, its draft unless something is wrong, and whether another
order has its link at the same provider."""


class _Lost(Exception):
    """The batch was stopped, or another worker holds it by now."""


@dataclass(slots=True)
class PlaceRun:
    """What one worker did: whether there is more, and the accounts whose bells to ring."""

    more: bool = False
    providers: set[int] = field(default_factory=set)


def batches_to_place(now: datetime) -> list[int]:
    """Batches being placed that no living worker holds."""
    return list(OrderBatch.objects.free_to_place(now).order_by("pk").values_list("pk", flat=True))


def take_batch(batch_id: int, *, now: datetime) -> OrderBatch | None:
    """Hold the batch for a while. None: it is not being placed, or another worker has it."""
    free = OrderBatch.objects.filter(pk=batch_id).free_to_place(now)
    mine = leases.acquire(free, now=now, seconds=clocks.JOB_LEASE_SECONDS)
    if mine is None:
        return None
    held = OrderBatch.objects.select_related("provider", "placed_by")
    return held.filter(**mine, pk=batch_id).first()


def place_run(batch: OrderBatch, check: CheckLines, *, clock: Clock, seconds: float) -> PlaceRun:
    """Go on placing a batch that was taken, for about so many seconds, then give it back.

    Somebody who may no longer place many orders has their batch stopped, and so has everybody whose
    batch was under way when the database was put back and nobody knew what had been sent since.
    """
    run, ends = PlaceRun(), time.monotonic() + seconds
    while leases.renew(_held(batch), now=clock(), seconds=clocks.JOB_LEASE_SECONDS):
        person = batch.placed_by and User.objects.get(pk=batch.placed_by.pk)  # with the role of now
        if person is None or not person.may(May.MASS_ORDER) or _may_be_bought(batch):
            mass_order.stop_placing(batch)
            break
        batch.placed_by = person
        lines = list(batch.lines.filter(is_good=True, order=None).order_by("number")[:CHUNK])
        if not lines:
            mass_order.end_placing(_held(batch), batch)
            return run
        _place(batch, lines, check, clock, run)
        mass_order.recount(batch)
        if time.monotonic() >= ends:
            run.more = leases.release(_held(batch), held_until=clock())
    return run


def _may_be_bought(batch: OrderBatch) -> bool:
    return doubtful_rows.gap_since_placing(batch) is not None


def _place(
    batch: OrderBatch, lines: list[BatchLine], check: CheckLines, clock: Clock, run: PlaceRun
) -> None:
    waiting = _without_placed(lines)
    checked_lines = _checked(batch, waiting, check, clock)
    _write_refused(batch, [line for line, draft, _ in checked_lines if draft is None], clock())
    for line, draft, shares_link in checked_lines:
        if draft is None:
            continue
        try:
            order = _place_line(batch, line, draft, shares_link, clock())
        except _Lost:
            return  # stopped, or another worker's by now: the other lines are theirs
        except place_orders.NotAgreed as refusal:
            if refusal.beside:
                told = line.told_of.split(".") if line.is_meant else []
                line.is_meant, line.told_of = False, ".".join([refusal.beside, *filter(None, told)])
            _refuse(batch, line, str(refusal), clock(), field=refusal.field)
        except AWAY:
            raise  # the database is away: the lines wait for the next worker
        except Exception:
            log.exception("line %s of batch %s could not be placed", line.number, batch.pk)
            _refuse(batch, line, BROKEN, clock())
        else:
            run.providers.add(order.provider_id)


def _checked(
    batch: OrderBatch, lines: Sequence[BatchLine], check: CheckLines, clock: Clock
) -> list[tuple[BatchLine, OrderDraft | None, bool]]:
    """Together; each by itself where one spoils it, and that one is refused."""
    try:
        return check(lines, batch, clock())
    except AWAY:
        raise
    except Exception:
        log.exception("lines of batch %s could not be checked", batch.pk)
        if len(lines) > 1:
            alone = (_checked(batch, [line], check, clock) for line in lines)
            return [checked for checked_lines in alone for checked in checked_lines]
        for line in lines:
            _refuse(batch, line, BROKEN, clock())
        return []


def _without_placed(lines: list[BatchLine]) -> list[BatchLine]:
    """Note the orders that lines have become although nobody was left to note it."""
    orders = {
        order.form_key: order
        for order in Order.objects.filter(form_key__in=[line.form_key for line in lines])
    }
    for line in lines:
        if line.form_key in orders:
            _note(line, orders[line.form_key])
    return [line for line in lines if line.form_key not in orders]


def _place_line(
    batch: OrderBatch, line: BatchLine, draft: OrderDraft, shares_link: bool, now: datetime
) -> Order:
    provider_id, key = draft.service.provider_id, draft.link_key
    order, _ = place_orders.place_order(
        draft,
        placed_by=batch.placed_by,
        now=now,
        batch=batch,
        reference=line.cells.get("reference", ""),
        note=line.cells.get("note", ""),
        behind=link_queue.last_in_line(provider_id, key) if shares_link else None,
        before=lambda: _stand_by(batch, now),
        after=lambda order: _note(line, order),
    )
    _note(line, order)
    return order


def _stand_by(batch: OrderBatch, now: datetime) -> None:
    """In the transaction that writes an order: nobody stops or takes over the batch until then,
    so whoever has stopped it finds every order of it there."""
    if not leases.renew(_held(batch), now=now, seconds=clocks.JOB_LEASE_SECONDS):
        raise _Lost


def _refuse(
    batch: OrderBatch, line: BatchLine, words: str, now: datetime, *, field: str = ""
) -> None:
    line.is_good, line.problems = False, [{"field": field, "words": words}]
    _write_refused(batch, [line], now)


def _write_refused(batch: OrderBatch, lines: list[BatchLine], now: datetime) -> None:
    """Only while it is ours: of a batch that ended meanwhile a person may have corrected a line,
    and what we read of it is older than that."""
    with transaction.atomic():
        if lines and leases.renew(_held(batch), now=now, seconds=clocks.JOB_LEASE_SECONDS):
            mass_order.write_lines(batch, lines)


def _note(line: BatchLine, order: Order) -> None:
    BatchLine.objects.filter(pk=line.pk, order=None).update(order=order)


def _held(batch: OrderBatch) -> QuerySet[OrderBatch]:
    return OrderBatch.objects.filter(
        pk=batch.pk, holder=batch.holder, state=BatchState.PLACING
    ).exclude(holder="")
