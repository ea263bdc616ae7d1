"""The life of a bulk job: its orders are fixed when it starts, and each has its turn once.

The rows are the queue. A worker holds a job for a while and goes on where the one before it
stopped; a worker that comes back too late finds that the job is no longer its own.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from django.core.exceptions import EmptyResultSet
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Count, F, IntegerField, Q, QuerySet, TextField, Value

from core import clocks
from core.clocks import Clock
from core.models import User
from core.roles import May
from core.rows import leases
from core.rows.constraints import raise_unless_broken

from ..limits import doubtful_rows
from ..models import BulkItem, BulkJob, Order, OrderQuerySet
from ..status import UNDER_WAY, JobKind, JobState
from .chosen_orders import in_parts, read

log = logging.getLogger(__name__)

MOST = 50_000  # orders of one job
SENDS = (JobKind.REORDER, JobKind.REFILL, JobKind.CANCEL, JobKind.RELEASE)
CHUNK = 25  # items between two looks at whether the job is still ours
BROKEN = "The desk made a mistake with it; its log says more."

Act = Callable[[BulkItem], str]
"""Does the thing to the order of an item: empty when it is done, else the words why not."""


class NoLongerOurs(Exception):
    """The job was stopped or taken over, or has to be stopped, between a look at it and a purchase
    for it."""


@dataclass(slots=True)
class BulkRun:
    """What one worker did: whether there is more to do, and the accounts whose bells to ring."""

    more: bool = False
    providers: set[int] = field(default_factory=set)


def start_job(
    kind: JobKind,
    ids: Sequence[int],
    *,
    form_key: UUID,
    terms: dict[str, Any],
    started_by: User,
    now: datetime,
) -> tuple[BulkJob, bool]:
    """Fix exactly these orders, oldest first, at most MOST; the same form key is the same job.

    Returns the job and whether this call made it.
    """
    try:
        with transaction.atomic():
            job = BulkJob.objects.create(
                kind=kind, form_key=form_key, terms=terms, started_by=started_by, created_at=now
            )
            job.total = sum(_fix(job, orders) for orders in in_parts(sorted(ids)[:MOST]))
            BulkJob.objects.filter(pk=job.pk).update(total=job.total)
    except IntegrityError as error:
        raise_unless_broken(error, "orders_bulkjob.submission")
        known = BulkJob.objects.filter(form_key=form_key).first()
        if known is None:
            raise
        return known, False
    return job, True


def _fix(job: BulkJob, orders: OrderQuerySet) -> int:
    """Write an item for each order in one statement; how many."""
    chosen = (
        orders.order_by("pk")
        .annotate(
            for_job=Value(job.pk, output_field=IntegerField()),
            no_words=Value("", output_field=TextField()),
        )
        .values_list("for_job", "pk", "no_words")
    )
    try:
        select, values = chosen.query.sql_with_params()
    except EmptyResultSet:
        return 0
    table = connection.ops.quote_name(BulkItem._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} (job_id, order_id, words) {select}", values)
        return int(cursor.rowcount)


def take_job(job_id: int, *, now: datetime) -> BulkJob | None:
    """Hold the job for a while. None: it has ended, or another worker has it."""
    free = BulkJob.objects.filter(pk=job_id).free_to_run(now)
    mine = leases.acquire(free, now=now, seconds=clocks.JOB_LEASE_SECONDS, state=JobState.RUNNING)
    if mine is None:
        return None
    return BulkJob.objects.select_related("started_by").filter(**mine, pk=job_id).first()


def stop_job(job: BulkJob, *, now: datetime) -> bool:
    """Leave the orders that have not had their turn. False: the job has ended meanwhile."""
    same = BulkJob.objects.filter(pk=job.pk, form_key=job.form_key)
    under_way = same.filter(state__in=UNDER_WAY)
    return _end(under_way, job, JobState.STOPPED, now)


def _end(rows: QuerySet[BulkJob], job: BulkJob, state: JobState, now: datetime) -> bool:
    """In one transaction with its figures: nobody counts it again once it has ended."""
    with transaction.atomic():
        ended = leases.release(rows, state=state, ended_at=now)
        _count(job)
        if told := left_out_of(job):
            _count_left_as_told(job, told)
    return ended


def _count_left_as_told(job: BulkJob, told: frozenset[int]) -> None:
    """How many of those that were left its confirmation had named: they are no failure."""
    failed = job.items.filter(ok=False).order_by().values_list("order_id", flat=True)
    left = sum(order_id in told for order_id in failed)
    BulkJob.objects.filter(pk=job.pk).update(terms=job.terms | {"left_as_told": left})


def left_out_of(job: BulkJob) -> frozenset[int]:
    """The orders that its confirmation left out, whatever becomes of them. A job of a release
    before this names none."""
    return _ids(job.terms.get("left_out", ""))


@lru_cache(maxsize=4)
def _ids(text: str) -> frozenset[int]:
    """A job asks once for each of its orders."""
    return frozenset(read(text, most=MOST) if text else ())


def right_for(kind: str) -> May:
    """What one must be able to do to start such a job, and as long as it runs."""
    return May.MASS_ORDER if kind == JobKind.REORDER else May.PLACE


def run_items(job: BulkJob, act: Act, *, clock: Clock, seconds: float) -> BulkRun:
    """Go on with a job that was taken, for about so many seconds, then give it back.

    Somebody who may no longer do such things has their job stopped, and so has everybody who
    orders, refills, cancels or releases what may have been sent already and is known to nobody.
    """
    run, ends = BulkRun(), time.monotonic() + seconds
    while leases.renew(_held(job), now=clock(), seconds=clocks.JOB_LEASE_SECONDS):
        items = _next_items(job)
        job.started_by = User.objects.get(pk=job.started_by_id)  # with the role of now
        if items and (not job.started_by.may(right_for(job.kind)) or may_be_bought(job)):
            stop_job(job, now=clock())
            break
        for item in items:
            _do(item, act, job)
            run.providers.add(item.order.provider_id)
        if not items:
            _end(_held(job), job, JobState.DONE, clock())
            return run
        _count(job)
        if time.monotonic() >= ends:
            run.more = leases.release(_held(job), held_until=clock())
    _count(job)
    return run


def may_be_bought(job: BulkJob) -> bool:
    """Or refilled or canceled: already, by this very action, before the database was put back to
    while it was under way."""
    return job.kind in SENDS and bool(doubtful_rows.gap_over_job(job))


def _next_items(job: BulkJob) -> list[BulkItem]:
    items = job.items.filter(ok=None).order_by("pk")
    items = items.select_related("order__service__provider", "order__provider")
    found = list(items[:CHUNK])
    for item in found:
        item.job = job
    return found


def _do(item: BulkItem, act: Act, job: BulkJob) -> None:
    """Give one item its turn. What it does here and the note that it was done are one
    transaction; an order placed again has its own (see `stand_by`), and is found by its
    form key."""
    try:
        if job.kind == JobKind.REORDER:
            if _unclaimed(item, job).exists():
                _end_item(item, act(item))
            return
        with transaction.atomic():
            if _keep(job) and _unclaimed(item, job).update(ok=True):
                if may_be_bought(job):  # the gap was found a moment ago
                    raise NoLongerOurs
                words = act(item)
                if words:
                    BulkItem.objects.filter(pk=item.pk).update(ok=False, words=words[:300])
    except NoLongerOurs:
        return  # the item waits, for whoever goes on with the job
    except (OperationalError, InterfaceError):
        raise  # the database, not the order: the job goes on when it answers again
    except Exception:
        log.exception("item %s of job %s", item.pk, job.pk)
        if job.kind == JobKind.REORDER:  # it may have broken after the order was bought
            item.made = bought_for(item).first()
        _end_item(item, "" if item.made else BROKEN)


def form_key_for(item: BulkItem) -> UUID:
    """Of the order that is bought for this item: whoever buys it, however often."""
    return uuid5(item.job.form_key, str(item.order_id))


def bought_for(item: BulkItem) -> QuerySet[Order]:
    return Order.objects.filter(form_key=form_key_for(item))


def note_made(item: BulkItem, order: Order) -> None:
    """In the transaction that places it: a claim asks which action an order is of."""
    BulkItem.objects.filter(pk=item.pk).update(made=order)


def stand_by(item: BulkItem) -> None:
    """For the transaction that places an order for this item: the job cannot be stopped until
    it ends. Raises NoLongerOurs when it was stopped, has to be, or another worker has taken it."""
    if not _keep(item.job) or may_be_bought(item.job):
        raise NoLongerOurs


def _keep(job: BulkJob) -> bool:
    return bool(_held(job).update(total=F("total")))


def _end_item(item: BulkItem, words: str) -> None:
    """That an order was bought is so, whoever has the job by now. All else only its holder says:
    another worker may be doing it this moment."""
    if item.made and not words:
        BulkItem.objects.filter(pk=item.pk, ok=None).update(ok=True, made=item.made)
        return
    with transaction.atomic():
        if _keep(item.job):
            _unclaimed(item, item.job).update(ok=not words, words=words[:300])


def _unclaimed(item: BulkItem, job: BulkJob) -> Any:
    """This item, if it has not had its turn and the job is still ours.

    Nothing is joined: an UPDATE with a join finds its rows in a subquery, which PostgreSQL does
    not look at again after it has waited for somebody else's UPDATE of the item.
    """
    return BulkItem.objects.filter(pk=item.pk, ok=None, job__in=_held(job))


def _held(job: BulkJob) -> Any:
    return BulkJob.objects.filter(pk=job.pk, holder=job.holder, state=JobState.RUNNING)


def _count(job: BulkJob) -> None:
    """Write down how far it is, from the items: right even if a worker died between two steps, and
    one at a time, so that what an earlier look counted is never written last."""
    this = BulkJob.objects.filter(pk=job.pk)
    with transaction.atomic():
        this.update(total=F("total"))
        counts = job.items.aggregate(
            done=Count("pk", filter=Q(ok=True)), failed=Count("pk", filter=Q(ok=False))
        )
        this.update(**counts)
