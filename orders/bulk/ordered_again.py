"""Orders that an earlier bulk action has bought once more already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from core.clocks import SAME_LINE_SECONDS
from providers.identity import lock_service

from ..draft import OrderDraft
from ..models import BulkItem, BulkJob, Order, OrderQuerySet
from ..placing.place_orders import NotAgreed
from ..repeats import Lately, name_of, why_asked
from ..status import COSTS_NOTHING, UNDER_WAY, JobKind
from .bulk_action import MOST, form_key_for
from .shown_beside import ShownBeside
from .shown_beside import read as read_beside

NOT_SHOWN = "It was not there when you opened this page: look again."
OTHERWISE = "That is not what you were told of it when you opened this page: look again."


def bought_again(order_ids: Iterable[int]) -> QuerySet[BulkItem]:
    """What was bought for these orders, newest last; what bought nothing in the end is left out."""
    items = BulkItem.objects.filter(order__in=order_ids, job__kind=JobKind.REORDER)
    return items.exclude(made=None).exclude(made__status__in=COSTS_NOTHING).order_by("pk")


def bought_or_to_buy(order_ids: Iterable[int]) -> QuerySet[BulkItem]:
    """The same, and what a job that has not ended is still to buy for them: nothing `made`."""
    items = BulkItem.objects.filter(order__in=order_ids, job__kind=JobKind.REORDER)
    bought = Q(made__isnull=False) & ~Q(made__status__in=COSTS_NOTHING)
    return items.filter(bought | Q(ok=None, job__state__in=UNDER_WAY)).order_by("pk")


def may_repeat(parts: Iterable[OrderQuerySet], now: datetime) -> ShownBeside:
    """What there is already for the services and links of these orders, the newest of it: exactly
    that is what a second time can be meant beside. By its numbers, for one that is lower may be
    committed later."""
    found = dict[int, str]()
    for part in parts:
        some = part.order_by().select_related("service__provider")
        same = Order.objects.same_of_many(some, Lately.by_anybody(now))
        found.update((one.pk, one.status) for rows in same.values() for one in rows)
    return ShownBeside.of(dict(sorted(found.items())[-MOST:]))


def is_lately(placed_at: datetime, now: datetime) -> bool:
    """Nobody may know of it yet, so that it is done once more only when it is meant."""
    return placed_at >= now - timedelta(seconds=SAME_LINE_SECONDS)


def why_asked_again(item: BulkItem, now: datetime) -> str:
    """Why this order of a job is left out unless it is meant: another job bought it lately, or
    since this one was confirmed. Found by its form key, for the note of it is written later."""
    others = BulkItem.objects.filter(order=item.order_id, job__kind=JobKind.REORDER)
    others = others.exclude(job=item.job_id).select_related("job")
    by_key = Q(form_key__in=[form_key_for(other) for other in others])
    bought = Order.objects.filter(by_key | Q(pk__in=[other.made_id for other in others]))
    earlier = bought.exclude(status__in=COSTS_NOTHING).order_by("pk").last()
    if earlier is None or not is_lately(earlier.created_at, min(now, item.job.created_at)):
        return ""
    return f"It was ordered again a short while ago, as order {earlier}."


def ask_once_more(item: BulkItem, draft: OrderDraft, now: datetime) -> None:
    """In the transaction that places it, behind whoever placed one for this service a moment
    before. Raises NotAgreed where it has become a second time since it was asked first."""
    lock_service(draft.service)
    is_meant = bool(item.job.terms.get("beside_open"))
    words = told_of_beside(item, draft, now)[1] if is_meant else why_asked_again(item, now)
    if words:
        raise NotAgreed(words)


def told_of_beside(item: BulkItem, draft: OrderDraft, now: datetime) -> tuple[frozenset[str], str]:
    """The names of the orders that a second time is meant beside: of those that the confirmation
    was drawn with, as they stood then, and those bought by this very job. And why it is left out
    all the same: beside another, whoever placed it, which nobody could mean."""
    lately = Lately.by_anybody(min(now, item.job.created_at))
    same = Order.objects.with_same_payload(
        draft.service, draft.link_key, draft.payload.units, lately
    )
    found = list(same.exclude(form_key=draft.form_key).order_by("pk"))
    own = BulkItem.objects.filter(job=item.job_id, made__in=[order.pk for order in found])
    bought = set(own.values_list("made_id", flat=True))
    shown = read_beside(item.job.terms.get("shown_beside", ""))
    for order in found:
        if order.pk not in bought and not shown.tells_of(order.pk, order.status):
            told = why_asked(order.pk, order.status, order.created_at)
            return frozenset(), f"{told} {OTHERWISE if order.pk in shown.numbers else NOT_SHOWN}"
    return frozenset(name_of(order.form_key, order.status) for order in found), ""


def shown_sends(job: BulkJob) -> frozenset[str]:
    """What was bought before a restore and has no order here, as far as a second time is meant
    beside it: the insert asks about any other."""
    names = str(job.terms.get("shown_sends", "")) if job.terms.get("beside_open") else ""
    return frozenset(filter(None, names.split(".")))


def with_counts(by_job: Counter[int]) -> list[tuple[BulkJob, int]]:
    """The earlier jobs, newest first, and how many of the orders each has bought."""
    jobs = BulkJob.objects.select_related("started_by").in_bulk(list(by_job))
    return [(jobs[pk], by_job[pk]) for pk in sorted(by_job, reverse=True)]
