"""What is done to each order of a bulk job."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from core.clocks import Clock
from core.models import User
from providers.models import Service

from ..aftersales import request_cancels, request_refills
from ..annotate import annotate
from ..draft import OrderDraft
from ..limits import agree_terms, check_limits
from ..limits.doubtful_rows import known_gap
from ..models import BulkItem, EventKind, Order, OrderQuerySet, PollSchedule
from ..placing import before_sending, place_orders
from ..placing.order_again import CannotOrderAgain
from ..placing.sent_after_all import words_beside
from ..sending.halts import one_at_a_time
from ..shown import of_hold
from ..status import FINAL, JobKind, Status
from ..tags import NotATag, read_tags, without
from ..terms import Terms, faults
from . import shown_history
from .bulk_action import Act, bought_for, form_key_for, left_out_of, note_made, stand_by
from .ordered_again import ask_once_more, shown_sends, told_of_beside, why_asked_again
from .shown_holds import is_shown

NOT_POLLED = "It is not being followed: there is nothing to ask."
NO_TAGS = "It has no tags."
HAS_NONE_OF_THEM = "It has none of these tags."
WAITS_ANEW = "It waits for something else than what was confirmed: look at it once more."
ON_ITS_PAGE = "Release it on its own page if it is meant as a second order."
REFILLED_SINCE = (
    "A refill of it was under way as this was confirmed, or asked for, sent or answered since: "
    "look at it once more."
)
CANCELED_SINCE = (
    "A cancel of it was asked for, sent or answered since this was confirmed: look at it once more."
)
CHANGED_NOW = "It changed at the same moment, and was left as it is."
LEFT_OUT = "It was left out when this was confirmed, although it could be done by now."


class DraftAgain(Protocol):
    """Checks an earlier order anew, against its service as it is now. Raises CannotOrderAgain."""

    def __call__(
        self, order: Order, form_key: UUID, *, now: datetime, person: User, beside_open: bool
    ) -> OrderDraft: ...


def act_for(kind: str, draft_again: DraftAgain, clock: Clock) -> Act:
    """What a job of this kind does to each of its orders, but to those that its confirmation said
    are left out: they stay left out, also once it has become possible."""
    if kind == JobKind.REORDER:  # which asks first what it has bought
        return lambda item: _place_again(item, draft_again, clock())
    act, why_not = _ACTS[JobKind(kind)], _WHY_NOT.get(JobKind(kind))

    def do(item: BulkItem) -> str:
        now = clock()
        if _is_left_out(item):
            return (why_not(item, now) if why_not else "") or LEFT_OUT
        return act(item, now)

    return do


def _is_left_out(item: BulkItem) -> bool:
    return item.order_id in left_out_of(item.job)


def _refresh(item: BulkItem, now: datetime) -> str:
    due = PollSchedule.objects.filter(order=item.order_id).update(next_at=now, batch_cap=0)
    return "" if due else not_polled(item.order)


def _why_not_refreshed(item: BulkItem, now: datetime) -> str:
    is_polled = PollSchedule.objects.filter(order=item.order_id).exists()
    return "" if is_polled else not_polled(item.order)


def not_polled(order: Order) -> str:
    """Why nothing is asked about one that is not followed."""
    if order.status not in FINAL:
        return NOT_POLLED
    return f"It has ended: it is {Status(order.status).label.lower()}."


def _refill(item: BulkItem, now: datetime) -> str:
    """After no more was heard of its refills than the confirmation was drawn with."""
    _hold_account(item)
    if not _is_refill_as_shown(item):
        return _why_not_refilled(item, now)
    return request_refills.request_refill(
        item.order, actor=item.job.started_by, now=now, known_gap=known_gap(item.job)
    )


def _why_not_refilled(item: BulkItem, now: datetime) -> str:
    words = request_refills.why_not(item.order, now)
    return words or ("" if _is_refill_as_shown(item) else REFILLED_SINCE)


def _is_refill_as_shown(item: BulkItem) -> bool:
    shown = item.job.terms.get("shown_refill_lines", "")
    return shown_history.is_as_shown(shown, item.order_id, EventKind.REFILL)


def _cancel(item: BulkItem, now: datetime) -> str:
    """After no more was heard of its cancels than the confirmation was drawn with. Of what this
    action has sent before the database was put back the history alone tells."""
    _hold_account(item)
    if words := _why_not_canceled(item, now):
        return words
    return request_cancels.request_cancel(item.order, actor=item.job.started_by, now=now)


def _hold_account(item: BulkItem) -> None:
    """Before it looks: this moment an earlier one, an answer or a gap may be found."""
    one_at_a_time(item.order.provider)
    stand_by(item)


def _why_not_canceled(item: BulkItem, now: datetime) -> str:
    """A job of before this was shown carries no `shown_cancels`: it is refused, on purpose, where
    the history has any."""
    words = request_cancels.why_not(item.order)
    return words or ("" if _is_cancel_as_shown(item) else CANCELED_SINCE)


def _is_cancel_as_shown(item: BulkItem) -> bool:
    shown = item.job.terms.get("shown_cancels", "")
    return shown_history.is_as_shown(shown, item.order_id, EventKind.CANCEL)


def _hold(item: BulkItem, now: datetime) -> str:
    order = _as_it_is(item)
    words = before_sending.why_not_held(order)
    return words or _done(place_orders.hold_order(order, actor=item.job.started_by, now=now))


def _release(item: BulkItem, now: datetime) -> str:
    """Let it go from what the confirmation said that this very order waits for, and from nothing
    else. What may buy the same a second time is asked about on the page of the order alone."""
    order, person = _as_it_is(item), item.job.started_by
    if words := before_sending.why_not_released(order, person):
        return words
    waits_for = of_hold(order)
    if not is_shown(item.job.terms.get("shown_holds", {}), waits_for, order.pk):
        return _why_not_released(item, now) or WAITS_ANEW
    try:
        is_done = place_orders.release_order(
            order, actor=person, now=now, shown_hold=waits_for, beside=(), told_sends=()
        )
    except place_orders.NotAgreed as refusal:
        return f"{refusal} {ON_ITS_PAGE}" if refusal.field else WAITS_ANEW
    return _done(is_done)


def _why_not_released(item: BulkItem, now: datetime) -> str:
    order = _as_it_is(item)
    if words := before_sending.why_not_released(order, item.job.started_by):
        return words
    beside = words_beside([order], now).get(order.pk)
    return f"{beside} {ON_ITS_PAGE}" if beside else ""


def _withdraw(item: BulkItem, now: datetime) -> str:
    order = _as_it_is(item)
    words = before_sending.why_not_withdrawn(order)
    return words or _done(place_orders.withdraw_order(order, actor=item.job.started_by, now=now))


def _as_it_is(item: BulkItem) -> Order:
    """A worker reads some orders at a time and comes to each of them later."""
    return Order.objects.select_related("provider").get(pk=item.order_id)


def _done(is_done: bool) -> str:
    return "" if is_done else CHANGED_NOW


def _annotate(item: BulkItem, now: datetime) -> str:
    terms = item.job.terms
    written = {name: terms[name] for name in ("reference", "note") if terms.get(name)}
    try:
        if terms.get("tags"):
            written["tags"] = read_tags(_tags_of(item) + terms["tags"])
    except NotATag as error:
        return str(error)
    annotate(item.order, actor=item.job.started_by, now=now, **written)
    return ""


def _untag(item: BulkItem, now: datetime) -> str:
    tags = without(_tags_of(item), item.job.terms["tags"])
    written = annotate(item.order, actor=item.job.started_by, now=now, tags=tags)
    return "" if written else HAS_NONE_OF_THEM


def _tags_of(item: BulkItem) -> str:
    """Those it has now, which nobody else changes until this transaction ends."""
    tags = Order.objects.select_for_update().values_list("tags", flat=True)
    return tags.get(pk=item.order_id)


def _place_again(item: BulkItem, draft_again: DraftAgain, now: datetime) -> str:
    """Buy once, whoever does it and however often: its form key follows from the item."""
    job, earlier = item.job, item.order
    form_key, bought = form_key_for(item), bought_for(item)
    item.made = bought.first()
    if item.made:
        return ""
    is_meant = bool(job.terms.get("beside_open"))
    left_out = LEFT_OUT if _is_left_out(item) else ""
    if not is_meant and (words := why_asked_again(item, now)):
        return words
    try:
        draft = draft_again(earlier, form_key, now=now, person=job.started_by, beside_open=is_meant)
        agreed = Terms.read(job.terms.get("agreed", {}).get(str(earlier.service_id)))
        draft = replace(draft, agreed=agreed)
        told_of, words = told_of_beside(item, draft, now) if is_meant else (draft.told_of, "")
        draft = replace(draft, told_of=told_of, told_sends=shown_sends(job))
        words = (
            words
            or _not_agreed(draft)
            or check_limits.objection(draft, person=job.started_by, now=now)
            or left_out
        )
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
            before=lambda: _stand_by(item, draft, now),
            after=lambda order: note_made(item, order),
        )
    except place_orders.NotAgreed as refusal:
        return str(refusal)
    return ""


def _stand_by(item: BulkItem, draft: OrderDraft, now: datetime) -> None:
    stand_by(item)
    ask_once_more(item, draft, now)


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
    found = Service.objects.select_related("provider").in_bulk(sorted(services))
    return {str(pk): Terms.of(service).as_json() for pk, service in sorted(found.items())}


_WHY_NOT: dict[JobKind, Callable[[BulkItem, datetime], str]] = {
    JobKind.REFRESH: _why_not_refreshed,
    JobKind.REFILL: _why_not_refilled,
    JobKind.CANCEL: _why_not_canceled,
    JobKind.HOLD: lambda item, now: before_sending.why_not_held(_as_it_is(item)),
    JobKind.RELEASE: _why_not_released,
    JobKind.WITHDRAW: lambda item, now: before_sending.why_not_withdrawn(_as_it_is(item)),
    JobKind.UNTAG: lambda item, now: "" if _tags_of(item) else NO_TAGS,
}
_ACTS: dict[JobKind, Callable[[BulkItem, datetime], str]] = {
    JobKind.REFRESH: _refresh,
    JobKind.REFILL: _refill,
    JobKind.CANCEL: _cancel,
    JobKind.HOLD: _hold,
    JobKind.RELEASE: _release,
    JobKind.WITHDRAW: _withdraw,
    JobKind.REFERENCE: _annotate,
    JobKind.TAG: _annotate,
    JobKind.UNTAG: _untag,
    JobKind.NOTE: _annotate,
}
