"""Bulk jobs with several workers at the same moment, on real threads."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import Count, Q

from core import clocks
from core.roles import Role
from orders.bulk import apply_step, bulk_action
from orders.models import BulkItem, BulkJob, EventKind, Order, OrderEvent
from orders.models.job import BulkJobQuerySet
from orders.placing.order_again import draft_again
from orders.status import JobKind, JobState, Status
from orders.tests.sending.test_races import at_once
from tests.builders import NOON, make_order, make_service, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
ORDERS = 12
THREADS = 6
BOTH_WAYS = pytest.mark.parametrize("kind", [JobKind.REORDER, JobKind.NOTE])


def every_order() -> list[int]:
    return list(Order.objects.values_list("pk", flat=True))


def _job(kind: JobKind) -> BulkJob:
    service = make_service()
    for _ in range(ORDERS):
        make_order(Status.COMPLETED, service=service)
    job, _ = bulk_action.start_job(
        kind,
        every_order(),
        form_key=uuid.uuid4(),
        terms={"note": "x"},
        started_by=make_user(Role.MANAGER),
        now=NOON,
    )
    return job


def _past_lease(number: int):
    """Every worker takes the one before it for dead, although all are alive."""
    return NOON + timedelta(seconds=number * (clocks.JOB_LEASE_SECONDS + 1))


def test_many_workers_take_a_job_once():
    job = _job(JobKind.NOTE)
    taken = at_once(lambda number: bulk_action.take_job(job.pk, now=NOON), threads=THREADS)
    assert len([mine for mine in taken if mine]) == 1


@BOTH_WAYS
def test_workers_that_take_each_other_for_dead_do_each_order_once(
    kind: JobKind, monkeypatch: pytest.MonkeyPatch
):
    """Each comes when the one before it has done the first order of those it holds in hand."""
    monkeypatch.setattr(bulk_action, "CHUNK", 4)
    job = _job(kind)
    done: list[int] = []
    in_the_middle = [threading.Event() for _ in range(THREADS + 1)]

    def work(number: int) -> None:
        now = _past_lease(number)

        def acts(item: BulkItem) -> str:
            words = apply_step.act_for(kind, draft_again, lambda: now)(item)
            done.append(item.order_id)
            in_the_middle[number + 1].set()
            time.sleep(0.02)
            return words

        if number:
            in_the_middle[number].wait()
        if mine := bulk_action.take_job(job.pk, now=now):
            bulk_action.run_items(mine, acts, clock=lambda: now, seconds=20)
        in_the_middle[number + 1].set()

    at_once(work, threads=THREADS)
    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (JobState.DONE, ORDERS, 0)
    _each_order_was_done_once(kind, done)


@BOTH_WAYS
def test_workers_with_the_same_orders_in_hand_do_each_once(kind: JobKind):
    job = bulk_action.take_job(_job(kind).pk, now=NOON)
    assert job
    act, done = apply_step.act_for(kind, draft_again, lambda: NOON), list[int]()
    in_hand = [bulk_action._next_items(job) for _ in range(THREADS)]

    def acts(item: BulkItem) -> str:
        done.append(item.order_id)
        return act(item)

    def work(number: int) -> None:
        for item in in_hand[number]:
            bulk_action._do(item, acts, job)

    at_once(work, threads=THREADS)
    assert job.items.filter(ok=True).count() == ORDERS
    _each_order_was_done_once(kind, done)


@BOTH_WAYS
def test_a_worker_that_lost_its_job_does_no_more_of_it(kind: JobKind):
    job = _job(kind)
    slow = bulk_action.take_job(job.pk, now=NOON)
    assert slow
    in_hand = bulk_action._next_items(slow)
    assert bulk_action.take_job(job.pk, now=_past_lease(1))
    done: list[int] = []

    def acts(item: BulkItem) -> str:
        done.append(item.order_id)
        return ""

    for item in in_hand:
        bulk_action._do(item, acts, slow)
    assert done == []
    assert job.items.filter(ok=None).count() == ORDERS


@pytest.mark.parametrize("fails", [False, True])
def test_a_worker_that_lost_its_job_says_of_no_order_that_it_failed(fails: bool):
    """Whoever has the job by now may be buying it this moment."""
    job = _job(JobKind.REORDER)
    slow = bulk_action.take_job(job.pk, now=NOON)
    assert slow
    item, *_ = bulk_action._next_items(slow)

    def acts(item: BulkItem) -> str:
        assert bulk_action.take_job(job.pk, now=_past_lease(1))
        if fails:
            raise ValueError("a mistake of the desk")
        return "The service is gone."

    bulk_action._do(item, acts, slow)
    item.refresh_from_db()
    assert (item.ok, item.words) == (None, "")


def test_an_order_that_was_bought_counts_as_done_whatever_became_of_the_job():
    job = bulk_action.take_job(_job(JobKind.REORDER).pk, now=NOON)
    assert job
    act, item = (
        apply_step.act_for(job.kind, draft_again, lambda: NOON),
        bulk_action._next_items(job)[0],
    )

    def acts(item: BulkItem) -> str:
        words = act(item)
        assert bulk_action.stop_job(job, now=NOON)
        return words

    bulk_action._do(item, acts, job)
    item.refresh_from_db()
    assert item.ok and item.made is not None


def _each_order_was_done_once(kind: JobKind, done: list[int]) -> None:
    """A worker may begin to buy what another is buying: the form key makes it one order."""
    if kind == JobKind.REORDER:
        assert Order.objects.count() == 2 * ORDERS
    else:
        assert len(done) == len(set(done)) == ORDERS
        assert OrderEvent.objects.filter(kind=EventKind.NOTE).count() == ORDERS


def test_a_confirmation_sent_many_times_starts_one_job():
    make_order()
    person, form_key = make_user(Role.OPERATOR), uuid.uuid4()
    started = at_once(
        lambda number: bulk_action.start_job(
            JobKind.NOTE,
            every_order(),
            form_key=form_key,
            terms={},
            started_by=person,
            now=NOON,
        )[1],
        threads=THREADS,
    )
    assert sum(started) == 1
    assert BulkJob.objects.count() == 1


def test_what_an_earlier_look_counted_is_not_written_last(monkeypatch: pytest.MonkeyPatch):
    """A slow worker has counted, and before it writes that down another one does the rest."""
    job, counted = _job(JobKind.NOTE), list[threading.Thread]()

    def finish() -> None:
        try:
            BulkItem.objects.filter(job=job).update(ok=True)
            bulk_action._count(job)
        finally:
            connections.close_all()

    def count_slowly(name: str, *, filter: Q) -> Count:
        if not counted:
            counted.append(threading.Thread(target=finish))
        return Count(name, filter=filter)

    def update_late(rows: BulkJobQuerySet, **values: object) -> int:
        if counted and not counted[0].ident and "done" in values:
            counted[0].start()
            counted[0].join(0.3)  # as far as it gets beside us
        return update(rows, **values)

    update = BulkJobQuerySet.update
    monkeypatch.setattr(bulk_action, "Count", count_slowly)
    monkeypatch.setattr(BulkJobQuerySet, "update", update_late)
    bulk_action._count(job)
    counted[0].join(20)
    job.refresh_from_db()
    assert job.done == ORDERS
