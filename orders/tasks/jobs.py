"""Bulk jobs, in turns."""

from __future__ import annotations

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from core import clocks
from core.clocks import database_now

from ..actions import bulk, jobs
from ..forms.again import draft_again
from ..models import BulkJob
from ..status import JobKind
from .sending import follow, ring

log = logging.getLogger(__name__)


@shared_task(name="orders.run_job")
def run_job(*, job_id: int) -> None:
    """Go on with one job, then let others have the worker."""
    job = jobs.take_job(job_id, now=database_now())
    if job is None:
        return
    act = bulk.act_for(job.kind, draft_again, database_now)
    turn = jobs.run_turn(job, act, clock=database_now, seconds=clocks.TURN_SECONDS)
    for provider_id in sorted(turn.providers):
        if job.kind == JobKind.REORDER:
            ring(provider_id)
        elif job.kind == JobKind.REFRESH:
            follow.delay(provider_id=provider_id)
    if turn.more:
        run_job.delay(job_id=job_id)


@shared_task(name="orders.ring_jobs")
def ring_jobs() -> None:
    """Jobs that nobody works on: those whose bell or whose worker was lost."""
    for job in BulkJob.objects.free_to_run(database_now()).order_by("pk"):
        run_job.delay(job_id=job.pk)


def ring_job(job_id: int) -> None:
    """Ring for a new job; without a broker the timetable will find it."""
    try:
        run_job.apply_async(kwargs={"job_id": job_id}, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("the doorbell is out of order (%s); the job waits", type(error).__name__)
