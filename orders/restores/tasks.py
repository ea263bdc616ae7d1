"""What is kept on the disk of each machine that sends: answers, and marks against restores."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from celery import shared_task

from core import clocks, doorbell
from core.clocks import database_now
from core.rows.loops import one_by_one
from providers.models import Provider
from providers.panel_api import PanelClient

from ..models import ReconcileRun, UnmatchedOrder
from ..recovery.search import replay
from ..sending import answer_places, answer_spool, halts
from ..sending.restore_check import guard, recalled_requests
from ..sending.writes import answer_files
from ..status import Write
from ..wake_ups import account_of
from . import compare_accounts

log = logging.getLogger(__name__)


@shared_task(name="orders.import_spool")
def import_spool() -> None:
    """Settle what lost workers of this machine have heard, and see that the database is ours."""
    now = database_now()
    steps: tuple[Callable[[], object], ...] = (
        UnmatchedOrder.objects.give_keys,
        lambda: guard.check_database(now=now),
        halts.number_restored_stops,
        lambda: _import(now),
        lambda: answer_files.import_left_behind(importers(now)),
        lambda: answer_places.report(now=now),
    )
    one_by_one(steps, lambda step: step(), what="answers on disk")
    for run_id in ReconcileRun.objects.free_to_run(now).values_list("pk", flat=True):
        ring_comparison(run_id)


def _import(now: datetime) -> None:
    if recorded := answer_spool.import_spool(now=now):
        log.warning("%s answers were recorded from disk", recorded)


@shared_task(name="orders.compare")
def compare(*, run_id: int) -> None:
    """Go on comparing a restored database with what the providers have."""
    run = compare_accounts.take_run(run_id, now=database_now())
    if run is None:
        return
    if compare_accounts.compare_due(run, _connect, clock=database_now, seconds=clocks.TASK_SECONDS):
        ring_comparison(run_id)


def importers(now: datetime) -> dict[Write, Callable[[answer_files.Said], bool]]:
    """Who takes in the kept answer to which kind of write; orders have a spool of their own."""
    requests = partial(recalled_requests.take_in_kept, now=now)
    return {
        Write.REFILL: requests,
        Write.CANCEL: requests,
        Write.REPLAY: partial(replay.take_in_kept, now=now),
    }


def _connect(provider: Provider) -> PanelClient | None:
    ready = account_of(provider.pk)
    return ready[1] if ready else None


def ring_comparison(run_id: int) -> None:
    """Ring for a new run; without a broker the timetable will find it."""
    doorbell.ring(compare.name, run_id=run_id)
