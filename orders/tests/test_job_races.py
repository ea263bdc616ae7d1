"""Bulk jobs with several workers at the same moment, on real threads."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta

import pytest

from core import clocks
from core.roles import Role
from orders.actions import bulk, jobs
from orders.forms.again import draft_again
from orders.models import BulkItem, BulkJob, EventKind, Order, OrderEvent
from orders.status import JobKind, JobState, Status
from orders.tests.test_races import at_once
from tests.builders import NOON, make_order, make_service, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
ORDERS = 12
THREADS = 6


def _job(kind: JobKind) -> BulkJob:
    service = make_service()
    for _ in range(ORDERS):
        make_order(Status.COMPLETED, service=service)
    job, _ = jobs.start_job(
        kind, Order.objects.all(), submission=uuid.uuid4(), terms={"note": "x"},
        started_by=make_user(Role.MANAGER), now=NOON,
    )  # fmt: skip
    return job


def _past_lease(number: int):
    """Every worker takes the one before it for dead, although all are alive."""
    return NOON + timedelta(seconds=number * (clocks.JOB_LEASE_SECONDS + 1))


def test_many_workers_take_a_job_once():
    job = _job(JobKind.NOTE)
    taken = at_once(lambda number: jobs.take_job(job.pk, now=NOON), threads=THREADS)
    assert len([mine for mine in taken if mine]) == 1


@pytest.mark.parametrize("kind", [JobKind.REORDER, JobKind.NOTE])
def test_workers_that_take_each_other_for_dead_do_each_order_once(
    kind: JobKind, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "CHUNK", 2)
    job = _job(kind)
    done: list[int] = []

    def slowly(act: jobs.Act) -> jobs.Act:
        def acts(item: BulkItem) -> str:
            time.sleep(0.02)  # so that somebody comes in between
            words = act(item)
            done.append(item.order_id)
            return words

        return acts

    def work(number: int) -> None:
        now = _past_lease(number)
        if mine := jobs.take_job(job.pk, now=now):
            act = bulk.act_for(mine.kind, draft_again, lambda: now)
            jobs.run_turn(mine, slowly(act), clock=lambda: now, seconds=20)

    at_once(work, threads=THREADS)
    work(THREADS)  # whoever came last may have been taken for dead too
    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (JobState.DONE, ORDERS, 0)
    if kind == JobKind.REORDER:
        assert Order.objects.count() == 2 * ORDERS
    else:
        assert len(done) == len(set(done)) == ORDERS
        assert OrderEvent.objects.filter(kind=EventKind.NOTE).count() == ORDERS


def test_a_confirmation_sent_many_times_starts_one_job():
    make_order()
    person, submission = make_user(Role.OPERATOR), uuid.uuid4()
    started = at_once(
        lambda number: jobs.start_job(
            JobKind.NOTE, Order.objects.all(), submission=submission, terms={}, started_by=person,
            now=NOON,
        )[1],
        threads=THREADS,
    )  # fmt: skip
    assert sum(started) == 1
    assert BulkJob.objects.count() == 1
