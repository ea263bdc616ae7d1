"""What waits and may have been sent all the same: held until a person says what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final, TypeVar

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Least

from core.rows.loops import one_by_one

from ..models import (
    BulkItem,
    BulkJob,
    CancelRequest,
    EventKind,
    JournalGap,
    Order,
    OrderBatch,
    Refill,
)
from ..status import (
    REFILLS_TO_SEND,
    UNCLEAR,
    CancelStatus,
    HoldReason,
    JobKind,
    RefillStatus,
    Status,
)

Request = TypeVar("Request", Refill, CancelRequest)
PERHAPS_SENT: Final = (
    "It may have been sent before the database was put back: neither the database nor the journal "
    "of the machine goes back so far."
)


def may_have_been_sent(order: Order) -> bool:
    """Asked in the transaction of the claim."""
    return Order.objects.perhaps_sent_in_gap().filter(pk=order.pk).exists()


def gap_over_batch(batch: OrderBatch) -> JournalGap | None:
    """The newest that was found when this mass order stood written down: what it had bought may be
    known to nobody. By their numbers, as no clock tells which of two rows was there first."""
    by_time = Q(batches_through=None, found_at__gte=batch.created_at)
    return _newest(Q(batches_through__gte=batch.pk) | by_time)


def gap_since_placing(batch: OrderBatch) -> JournalGap | None:
    """The newest that was found after a person let it be placed, who has to say that it goes on."""
    if batch.known_gap is not None:
        return _newest(Q(pk__gt=batch.known_gap))
    return _newest(Q(found_at__gte=batch.placed_at)) if batch.placed_at else None


def gap_over_job(job: BulkJob) -> JournalGap | None:
    """As `gap_over_batch`, of a bulk action."""
    return _newest(_over_job(job))


def known_gap(job: BulkJob | None = None) -> int:
    """The newest that is known to who lets something be sent now, or who began this action; or 0.

    It is a number, and is compared with numbers: as they are noted one after the other
    (`journal_gaps.note_gap`), a lower one never appears after a higher one.
    """
    gap = _newest(Q() if job is None else ~_over_job(job))
    return gap.pk if gap else 0


def _over_job(job: BulkJob) -> Q:
    by_time = Q(jobs_through=None, found_at__gte=job.created_at)
    return Q(jobs_through__gte=job.pk) | by_time


def _newest(which: Q) -> JournalGap | None:
    return JournalGap.objects.filter(which).order_by("-pk").first()


def hold_waiting(account: int, *, now: datetime) -> int:
    """Hold the orders of this account that may have been sent, and end such requests; how many.

    Safe to repeat. What is held for another reason, or in somebody's hands this moment, is held
    when it would be sent.
    """

    def hold(order: Order) -> bool:
        return order.move(Status.HELD, now=now, hold_reason=HoldReason.RESTORED, text=PERHAPS_SENT)

    of_account = Order.objects.filter(provider=account, status=Status.QUEUED)
    queued = of_account.perhaps_sent_in_gap()
    held = one_by_one(queued.order_by("pk"), hold, what="orders that may have been sent")
    return held + give_up_requests(account, now=now)


def give_up_requests(account: int, *, now: datetime) -> int:
    """Refills become unconfirmed and cancels end as unclear, as after a lost answer: whoever still
    wants one asks for it anew. So do refills that a bulk action of before has asked for since, and
    none that a person has let go since the gap was found."""
    if not (found := _over_gap(account)):
        return 0
    return sum(_give_up(one.select_related("order").order_by("pk"), now) for one in found)


def give_up_due(account: int, due: Sequence[Request], *, now: datetime) -> list[Request]:
    """Give up what of these, all of one kind, may have been sent. Returns what is to be sent: one
    that could not be given up is not either."""
    if not due or not (found := _over_gap(account)):
        return list(due)
    refills, cancels = found
    over = refills if isinstance(due[0], Refill) else cancels
    doubtful = set(over.filter(pk__in=[one.pk for one in due]).values_list("pk", flat=True))
    _give_up(sorted((one for one in due if one.pk in doubtful), key=attrgetter("pk")), now)
    return [one for one in due if one.pk not in doubtful]


def _give_up(rows: Iterable[Refill | CancelRequest], now: datetime) -> int:
    def doubt(one: Refill | CancelRequest) -> bool:
        return _doubt_refill(one, now) if isinstance(one, Refill) else _doubt_cancel(one, now)

    return one_by_one(rows, doubt, what="requests that may have been sent")


def _over_gap(account: int) -> tuple[QuerySet[Refill], QuerySet[CancelRequest]] | None:
    """What waits to be sent and may have been; None without a gap."""
    through = JournalGap.objects.filter(provider=account).aggregate(
        newest=Max("pk"),
        refills=Max("refills_through"),
        cancels=Max("cancels_through"),
        found_at=Max("found_at"),
    )
    if through["refills"] is None:
        return None
    mine = {"provider": account}
    # Those that a release before this has asked for or let go: it wrote down moments alone
    for_many = BulkItem.objects.filter(
        Q(job__ended_at=None) | Q(job__ended_at__gte=OuterRef("requested_at")),
        order=OuterRef("order"),
        job__kind=JobKind.REFILL,
        job__started_by=OuterRef("requested_by"),
        job__created_at__lte=Least(OuterRef("requested_at"), Value(through["found_at"])),
        ok=True,
    )
    # A person alone puts one in doubt back in the queue, not an answer to a call of before the gap
    let_go = Q(status=RefillStatus.QUEUED) | Q(sent_at__gte=F("doubted_at"))
    by_time = Q(
        Q(pk__lte=through["refills"]) | Exists(for_many),
        ~Q(let_go, doubted_at__isnull=False, doubted_at__gte=through["found_at"]),
        known_gap=None,
    )
    refills = Refill.objects.filter(
        Q(known_gap__lt=through["newest"]) | by_time,
        status__in=sorted(REFILLS_TO_SEND),
        **mine,
    )
    cancels = CancelRequest.objects.filter(
        status=CancelStatus.QUEUED, pk__lte=through["cancels"], **mine
    )
    return refills, cancels


def _doubt_refill(refill: Refill, now: datetime) -> bool:
    mine = Refill.objects.filter(pk=refill.pk, status=refill.status)
    doubted = {
        "status": RefillStatus.UNCONFIRMED,
        "reason": PERHAPS_SENT,
        "code": "",
        "doubted_at": now,
    }
    with transaction.atomic():
        if not mine.update(changed_at=now, **doubted):
            return False
        refill.order.remember(EventKind.REFILL, now=now, text=PERHAPS_SENT)
    return True


def _doubt_cancel(request: CancelRequest, now: datetime) -> bool:
    mine = CancelRequest.objects.filter(pk=request.pk, status=request.status)
    ended = {
        "status": CancelStatus.REFUSED,
        "ended_at": now,
        "reason": PERHAPS_SENT,
        "code": UNCLEAR,
    }
    with transaction.atomic():
        if not mine.update(**ended):
            return False
        request.order.remember(EventKind.CANCEL, now=now, text=PERHAPS_SENT)
    return True
