"""The database goes away at any commit of work for many: each of them is done once in the end, and
the job says so."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from core.roles import Role
from orders.bulk import apply_step, bulk_action
from orders.mass.place_lines import place_run, take_batch
from orders.mass.tasks import check_again
from orders.models import BatchState, BulkJob, CancelRequest, Order, OrderBatch, Refill
from orders.placing.order_again import draft_again
from orders.status import HoldReason, JobKind, JobState, Status
from orders.tests.mass.test_place_lines import make_batch, paste_of, started
from tests.builders import NOON, make_order, make_service, make_user
from tests.lost_backend import Moment, each_loss

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.services,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="it ends a connection"),
]
COMMITS = pytest.mark.parametrize("moment", [Moment.COMMIT, Moment.COMMITTED])
STANDS = {JobKind.RELEASE: Status.HELD, JobKind.CANCEL: Status.IN_PROGRESS}
AFTERWARDS = [NOON + timedelta(seconds=200 + 100 * turn) for turn in range(3)]


def _job(kind: JobKind) -> BulkJob:
    Order.objects.update(status=Status.WITHDRAWN)  # what the loss before has left
    service = make_service(refill=True)
    held: dict[str, Any] = {"hold_reason": HoldReason.STAFF} if kind is JobKind.RELEASE else {}
    stands = STANDS.get(kind, Status.COMPLETED)
    numbers = [make_order(stands, service=service, **held).pk for _ in range(2)]
    terms: dict[str, Any] = {}
    if held:
        terms = {"shown_holds": {HoldReason.STAFF.value: ",".join(map(str, numbers))}}
    boss, key = make_user(Role.MANAGER), uuid.uuid4()
    job, _ = bulk_action.start_job(
        kind, numbers, form_key=key, terms=terms, started_by=boss, now=NOON
    )
    return job


def _run(job: BulkJob, now: datetime) -> None:
    if taken := bulk_action.take_job(job.pk, now=now):
        act = apply_step.act_for(JobKind(job.kind), draft_again, lambda: now)
        bulk_action.run_items(taken, act, clock=lambda: now, seconds=20)


def _made(job: BulkJob) -> int:
    chosen = job.items.values("order")
    return {
        JobKind.REORDER: Order.objects.filter(status=Status.QUEUED),
        JobKind.RELEASE: Order.objects.filter(pk__in=chosen, status=Status.QUEUED),
        JobKind.REFILL: Refill.objects.filter(order__in=chosen),
        JobKind.CANCEL: CancelRequest.objects.filter(order__in=chosen),
    }[JobKind(job.kind)].count()


@COMMITS
@pytest.mark.parametrize("kind", [JobKind.REORDER, JobKind.REFILL, JobKind.RELEASE, JobKind.CANCEL])
def test_one_action_for_many_is_done_once_for_each(
    kind: JobKind, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = 0
    for job in each_loss(moment, monkeypatch, lambda: _job(kind), lambda job: _run(job, NOON)):
        losses += 1
        for later in AFTERWARDS:
            _run(job, later)
        job.refresh_from_db()
        stands = (job.state, job.done, job.failed, _made(job))
        assert stands == (JobState.DONE, 2, 0, 2), f"loss {losses}"
    assert losses > 1


@COMMITS
def test_a_mass_order_places_each_line_once(
    moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(batch: OrderBatch, now: datetime) -> None:
        if held := take_batch(batch.pk, now=now):
            place_run(held, check_again, clock=lambda: now, seconds=60)

    losses = 0
    pasted = each_loss(
        moment,
        monkeypatch,
        lambda: started(make_batch(paste_of(2))),
        lambda batch: place(batch, NOON),
    )
    for batch in pasted:
        losses += 1
        for later in AFTERWARDS:
            place(batch, later)
        batch.refresh_from_db()
        assert (batch.state, batch.placed, batch.orders.count()) == (BatchState.PLACED, 2, 2)
        assert not batch.lines.filter(order=None).exists()
    assert losses > 1
