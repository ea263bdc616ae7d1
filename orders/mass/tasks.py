"""Placing pasted orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from celery import shared_task

from core import clocks, doorbell
from core.clocks import database_now

from ..draft import OrderDraft
from ..models import BatchLine, OrderBatch
from ..wake_ups import ring
from . import place_lines
from .check_lines import check


@shared_task(name="orders.place_batch")
def place_batch(*, batch_id: int) -> None:
    """Go on placing one batch, and ring for the accounts that got orders."""
    batch = place_lines.take_batch(batch_id, now=database_now())
    if batch is None:
        return
    run = place_lines.place_run(batch, check_again, clock=database_now, seconds=clocks.TASK_SECONDS)
    for provider_id in run.providers:
        ring(provider_id)
    if run.more:
        ring_batch(batch_id)


@shared_task(name="orders.place_batches")
def place_batches() -> None:
    """Ring for batches whose bell was lost, or whose worker was."""
    for batch_id in place_lines.batches_to_place(database_now()):
        ring_batch(batch_id)


def check_again(
    lines: Sequence[BatchLine], batch: OrderBatch, now: datetime
) -> list[tuple[BatchLine, OrderDraft | None, bool]]:
    """The rules of the dry run, as they stand now."""
    checked_lines = check(lines, batch, person=batch.placed_by, now=now, as_agreed=True)
    return [(checked.line, checked.draft, checked.shares_link) for checked in checked_lines]


def ring_batch(batch_id: int) -> None:
    """Ring for a batch to place; without a broker the timetable will."""
    doorbell.ring(place_batch.name, batch_id=batch_id)
