"""Orders that an earlier bulk action has bought once more already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from core.clocks import SAME_LINE_SECONDS

from ..draft import OrderDraft
from ..models import BulkItem, BulkJob, Order
from ..repeats import Lately, why_asked
from ..status import COSTS_NOTHING, UNDER_WAY, JobKind


def bought_again(order_ids: Iterable[int]) -> QuerySet[BulkItem]:
    """What was bought for these orders, newest last; what bought nothing in the end is left out."""
    items = BulkItem.objects.filter(order__in=order_ids, job__kind=JobKind.REORDER)
    return items.exclude(made=None).exclude(made__status__in=COSTS_NOTHING).order_by("pk")


def bought_or_to_buy(order_ids: Iterable[int]) -> QuerySet[BulkItem]:
    """The same, and what a job that has not ended is still to buy for them: nothing `made`."""
    items = BulkItem.objects.filter(order__in=order_ids, job__kind=JobKind.REORDER)
    bought = Q(made__isnull=False) & ~Q(made__status__in=COSTS_NOTHING)
    return items.filter(bought | Q(ok=None, job__state__in=UNDER_WAY)).order_by("pk")


def newest_order() -> int:
    """The last order there is; whoever is asked now is told of none after it."""
    return Order.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def is_lately(placed_at: datetime, now: datetime) -> bool:
    """Nobody may know of it yet, so that it is done once more only when it is meant."""
    return placed_at >= now - timedelta(seconds=SAME_LINE_SECONDS)


def why_asked_again(item: BulkItem, now: datetime) -> str:
    """Why this order of a job is left out unless it is meant: another job bought it lately."""
    others = bought_again([item.order_id]).exclude(job=item.job_id).select_related("made")
    earlier = others.last()
    if earlier is None or earlier.made is None or not is_lately(earlier.made.created_at, now):
        return ""
    return f"It was ordered again a short while ago, as order {earlier.made}."


def beside_of(item: BulkItem, draft: OrderDraft, now: datetime) -> tuple[int, str]:
    """The newest order that a second time is meant beside: of those that the confirmation could
    show, or bought by this very job. And why it is left out all the same: another was placed
    since, by whomever, which nobody could mean."""
    seen = int(item.job.terms.get("newest") or 0)
    units, lately = draft.payload.units, Lately.by_anybody(now)
    same = Order.objects.with_same_payload(draft.service, draft.link_key, units, lately)
    later = same.filter(pk__gt=seen).exclude(form_key=draft.form_key).order_by("pk")
    own = BulkItem.objects.filter(job=item.job_id, made__in=later.values("pk"))
    ours = set(own.values_list("made_id", flat=True)) if later else set[int | None]()
    for order in later:
        if order.pk not in ours:
            told = why_asked(order.pk, order.status, order.created_at)
            return seen, f"{told} It was placed after the confirmation was drawn."
    return max([seen, *(order.pk for order in later)]), ""


def with_counts(by_job: Counter[int]) -> list[tuple[BulkJob, int]]:
    """The earlier jobs, newest first, and how many of the orders each has bought."""
    jobs = BulkJob.objects.select_related("started_by").in_bulk(list(by_job))
    return [(jobs[pk], by_job[pk]) for pk in sorted(by_job, reverse=True)]
