"""Bulk actions, in runs."""

from __future__ import annotations

from celery import shared_task

from core import clocks, doorbell
from core.clocks import database_now

from ..models import BulkJob
from ..placing.order_again import draft_again
from ..status import JobKind
from ..wake_ups import ring, ring_polling
from . import apply_step, bulk_action


@shared_task(name="orders.run_job")
def run_job(*, job_id: int) -> None:
    """Go on with one job, then let others have the worker."""
    job = bulk_action.take_job(job_id, now=database_now())
    if job is None:
        return
    act = apply_step.act_for(job.kind, draft_again, database_now)
    run = bulk_action.run_items(job, act, clock=database_now, seconds=clocks.TASK_SECONDS)
    for provider_id in sorted(run.providers):
        if job.kind in (JobKind.REORDER, JobKind.RELEASE):
            ring(provider_id)
        elif job.kind == JobKind.REFRESH:
            ring_polling(provider_id)
    if run.more:
        ring_job(job_id)


@shared_task(name="orders.ring_jobs")
def ring_jobs() -> None:
    """Jobs that nobody works on: those whose bell or whose worker was lost."""
    for job in BulkJob.objects.free_to_run(database_now()).order_by("pk"):
        ring_job(job.pk)


def ring_job(job_id: int) -> None:
    """Ring for a new job; without a broker the timetable will find it."""
    doorbell.ring(run_job.name, job_id=job_id)
