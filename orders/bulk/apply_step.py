"""What is done to each order of a bulk job, and why it cannot be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID, uuid5

from core.clocks import Clock
from providers.models import Service

from ..aftersales import request_cancels, request_refills
from ..annotate import annotate
from ..draft import OrderDraft
from ..limits import agree_terms, check_limits
from ..models import BulkItem, CancelRequest, Order, OrderQuerySet, PollSchedule, Refill
from ..placing import place_orders
from ..placing.order_again import CannotOrderAgain
from ..status import JobKind
from ..tags import NotATag, read_tags
from ..terms import Terms, at_rate, faults
from .bulk_action import Act, stand_by

NOT_POLLED = "It is not being followed: there is nothing to ask."
REFILL_UNDER_WAY = "A refill has been asked for already."


class DraftAgain(Protocol):
    """Checks an earlier order anew, against its service as it is now. Raises CannotOrderAgain."""

    def __call__(
        self, order: Order, submission: UUID, *, now: datetime, beside_open: bool
    ) -> OrderDraft: ...


def act_for(kind: str, draft_again: DraftAgain, clock: Clock) -> Act:
    """What a job of this kind does to each of its orders."""
    if kind == JobKind.REORDER:
        return lambda item: _place_again(item, draft_again, clock())
    act = _ACTS[JobKind(kind)]
    return lambda item: act(item, clock())


def _refresh(item: BulkItem, now: datetime) -> str:
    due = PollSchedule.objects.filter(order=item.order_id).update(next_at=now, batch_cap=0)
    return "" if due else NOT_POLLED


def _refill(item: BulkItem, now: datetime) -> str:
    return request_refills.request_refill(item.order, actor=item.job.started_by, now=now)


def _cancel(item: BulkItem, now: datetime) -> str:
    return request_cancels.request_cancel(item.order, actor=item.job.started_by, now=now)


def _annotate(item: BulkItem, now: datetime) -> str:
    written, terms = {}, item.job.terms
    if terms.get("note"):
        written["note"] = terms["note"]
    try:
        if terms.get("tags"):
            tags = Order.objects.select_for_update().values_list("tags", flat=True)
            written["tags"] = read_tags(tags.get(pk=item.order_id) + terms["tags"])
    except NotATag as error:
        return str(error)
    annotate(item.order, actor=item.job.started_by, now=now, **written)
    return ""


def _place_again(item: BulkItem, draft_again: DraftAgain, now: datetime) -> str:
    """Buy once, whoever does it and however often: the submission follows from the item."""
    job, earlier = item.job, item.order
    submission = uuid5(job.submission, str(earlier.pk))
    bought = Order.objects.filter(submission=submission)
    item.made = bought.first()
    if item.made:
        return ""
    try:
        draft = draft_again(
            earlier, submission, now=now, beside_open=bool(job.terms.get("beside_open"))
        )
        agreed = Terms.read(job.terms.get("agreed", {}).get(str(earlier.service_id)))
        draft = replace(draft, agreed=agreed)
        words = _not_agreed(draft) or check_limits.objection(draft, person=job.started_by, now=now)
    except CannotOrderAgain as error:
        words = str(error)
    if words:
        item.made = bought.first()  # what stands in the way may be what another worker has bought
        return "" if item.made else words
    try:
        item.made, _ = place_orders.place_order(
            draft,
            placed_by=job.started_by,
            now=now,
            reference=earlier.reference,
            before=lambda: stand_by(item),
        )
    except place_orders.NotAgreed as refusal:
        return str(refusal)
    return ""


def _not_agreed(draft: OrderDraft) -> str:
    """What the terms that were confirmed with the job do not cover, in words."""
    if draft.agreed is None:
        return ""
    now = Terms.of(draft.service)
    found = faults(draft.agreed, now, draft.payload.wire(), tolerance=agree_terms.tolerance())
    return " ".join(found)


def terms_of(parts: Iterable[OrderQuerySet]) -> dict[str, Any]:
    """The terms of the services of these orders as they are now, by the service's row."""
    services = {pk for part in parts for pk in part.order_by().values_list("service", flat=True)}
    found = Service.objects.in_bulk(sorted(services))
    return {str(pk): Terms.of(service).as_json() for pk, service in sorted(found.items())}


_ACTS: dict[JobKind, Callable[[BulkItem, datetime], str]] = {
    JobKind.REFRESH: _refresh,
    JobKind.REFILL: _refill,
    JobKind.CANCEL: _cancel,
    JobKind.NOTE: _annotate,
}


@dataclass(slots=True)
class Outlook:
    """What would come of a job: how many orders, why not for how many, what they cost once, and
    how many have an open order for their service and link (themselves, perhaps)."""

    total: int = 0
    beside_open: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    estimates: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    @property
    def possible(self) -> int:
        return self.total - self.impossible

    @property
    def impossible(self) -> int:
        return self.reasons.total()


def outlook(
    kind: JobKind, parts: Iterable[OrderQuerySet], why_never: Callable[[Order], str]
) -> Outlook:
    """Look at every order as it is now. `why_never` says why one cannot be placed again."""
    seen = Outlook()
    for part in parts:
        some = list(part.select_related("service__provider", "provider").order_by("pk"))
        under_way = _under_way(kind, some)
        for order in some:
            seen.total += 1
            if words := _why_not(kind, order, under_way, why_never):
                seen.reasons[words] += 1
                continue
            estimate = at_rate(order.estimate, order.rate, order.service.rate, units=order.units)
            if estimate is not None:
                seen.estimates[order.provider.currency] += estimate
            seen.beside_open += kind == JobKind.REORDER and order.pk in under_way
    return seen


def _under_way(kind: JobKind, some: list[Order]) -> set[int]:
    """Those of them for which the same is going on: a refill, a cancel, the same payload; or, to be
    asked about, those that are followed."""
    if kind == JobKind.REORDER:
        links = [order.link_key for order in some]
        payloads = Order.objects.open().filter(link_key__in=links)
        busy = set(payloads.values_list("service_id", "link_key"))
        return {order.pk for order in some if (order.service_id, order.link_key) in busy}
    of_these = [order.pk for order in some]
    rows = {
        JobKind.REFRESH: PollSchedule.objects.all(),
        JobKind.REFILL: Refill.objects.open(),
        JobKind.CANCEL: CancelRequest.objects.open(),
    }.get(kind)
    if rows is None:
        return set()
    return set(rows.filter(order__in=of_these).values_list("order_id", flat=True))


def _why_not(
    kind: JobKind, order: Order, under_way: set[int], why_never: Callable[[Order], str]
) -> str:
    is_under_way = order.pk in under_way
    match kind:
        case JobKind.REFRESH:
            return "" if is_under_way else NOT_POLLED
        case JobKind.REFILL:
            words = request_refills.why_unfit(order)
            return words or (REFILL_UNDER_WAY if is_under_way else "")
        case JobKind.CANCEL:
            words = request_cancels.why_unfit(order)
            return words or (request_cancels.ASKED_FOR if is_under_way else "")
        case JobKind.REORDER:
            return why_never(order)
    return ""
