"""Orders that an earlier bulk action has bought once more already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from core.clocks import SAME_LINE_SECONDS

from ..models import BulkItem, BulkJob
from ..status import COSTS_NOTHING, JobKind


def bought_again(order_ids: Iterable[int]) -> QuerySet[BulkItem]:
    """What was bought for these orders, newest last; what bought nothing in the end is left out."""
    items = BulkItem.objects.filter(order__in=order_ids, job__kind=JobKind.REORDER)
    return items.exclude(made=None).exclude(made__status__in=COSTS_NOTHING).order_by("pk")


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


def with_counts(by_job: Counter[int]) -> list[tuple[BulkJob, int]]:
    """The earlier jobs, newest first, and how many of the orders each has bought."""
    jobs = BulkJob.objects.select_related("started_by").in_bulk(list(by_job))
    return [(jobs[pk], by_job[pk]) for pk in sorted(by_job, reverse=True)]
