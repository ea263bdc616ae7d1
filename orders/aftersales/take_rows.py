"""Claiming the refills or cancels of one call: a row that the database refuses keeps no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db import transaction

from core.rows.loops import in_halves
from providers.connect import batch_size
from providers.models import Provider

from ..models import CancelRequest, Refill
from ..polling.poll_schedule import leave_alone, left_alone
from ..sending.restore_check.request_journal import Named
from ..status import Write

Row = TypeVar("Row", Refill, CancelRequest)
Due = Callable[[Provider, datetime], list[Row]]
WHAT: Final = "refills and cancels to be sent"


def due_besides(write: Write, provider: Provider, now: datetime, due: Due[Row]) -> list[Row]:
    """What is `due`, and what is due behind it in the place of those that cannot be claimed."""
    model: Any = Refill if write is Write.REFILL else CancelRequest
    left = left_alone(_claims(model), provider, now)
    if not left:
        return due(provider, now)
    rows = model.objects.due_to_send(now).filter(provider=provider).exclude(pk__in=left)
    in_turn = rows.select_related("order").order_by("due_at", "pk")
    return list(in_turn[: batch_size(provider)])


def take_each(rows: Sequence[Row], take: Callable[[Row], bool], *, now: datetime) -> list[Row]:
    """Those of them that could be claimed, as they are from then on; in the caller's transaction,
    and in the order of `rows`. One that cannot be written stays as it was and makes way for a
    while: nothing of it leaves, and the watchdog tells that it waits. So it may be of all."""
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
        leave_alone(_claims(type(row)), row.provider, [row.pk], now)
    return [taken[row.pk] for row in rows if row.pk in taken]


def named(row: Refill | CancelRequest) -> Named:
    """For the journal. A cancel needs no word of a doubt: its order's status ends it."""
    in_doubt = isinstance(row, Refill) and row.doubted_at is not None
    return Named(row.order.form_key, row.requested_at, row.order.external_id, in_doubt)


def _claims(model: type[Refill] | type[CancelRequest]) -> str:
    return f"claims-{model._meta.model_name}"
