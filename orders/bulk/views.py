"""Bulk jobs: how far they are, what came of each order, and a way to stop them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.clocks import JOB_LEASE_SECONDS, database_now
from core.roles import May
from core.rows.leases import silence_of
from core.web.pages import asked_page, page_or_part
from core.web.policy import StaffRequest, allow

from ..models import BulkItem, BulkJob, CancelRequest
from ..models.job import BulkJobQuerySet
from ..shown import CHANGED
from ..status import JobState
from .bulk_action import may_be_bought, stop_job

PAGE_SIZE = 50
NAMED = 5  # of what was left as it is, beside the bar
SHOWN = {"failed": False, "done": True, "left": None}


@allow(May.PLACE)
@require_safe
def jobs(request: StaffRequest) -> HttpResponse:
    """One's own jobs, newest first; managers see everybody's."""
    found = _visible(request).select_related("started_by")
    page = asked_page(request, found, keys=("-pk",), size=PAGE_SIZE)
    return render(
        request, "orders/bulk/bulk_actions.html", {"page": page, "sees_all": _sees_all(request)}
    )


@allow(May.PLACE)
@require_safe
@vary_on_headers("HX-Request")
def job(request: StaffRequest, pk: int) -> HttpResponse:
    """The bar and the result, order by order; it asks again by itself until the job has ended."""
    found = get_object_or_404(_visible(request).select_related("started_by"), pk=pk)
    show = request.GET.get("show", "")
    items = BulkItem.objects.filter(job=found).select_related("order__service", "made")
    items = items.annotate(has_cancel=_was_asked_to_cancel())
    if show in SHOWN:
        items = items.filter(ok=SHOWN[show])
    page = asked_page(request, items, keys=("pk",), size=PAGE_SIZE)
    context: dict[str, Any] = {"job": found, "page": page, "show": show if show in SHOWN else ""}
    context["may_be_bought"] = found.state == JobState.STOPPED and may_be_bought(found)
    if found.is_partly or found.is_for_nothing:
        failed = BulkItem.objects.filter(job=found, ok=False).select_related("order")
        context["not_done"] = list(failed.order_by("pk")[:NAMED])
    if found.is_under_way:
        since, lease = found.created_at, JOB_LEASE_SECONDS
        context["silence"] = silence_of(found, since=since, lease=lease, now=database_now())
    return render(
        request, page_or_part(request, "orders/bulk/bulk_action.html", "job-live"), context
    )


@allow(May.PLACE)
@require_POST
def job_stop(request: StaffRequest, pk: int) -> HttpResponse:
    """Leave the orders that have not had their turn."""
    found = get_object_or_404(_visible(request), pk=pk)
    if request.GET.get("of") != found.shown:
        messages.warning(request, CHANGED)
    elif stop_job(found, now=database_now()):
        messages.success(request, "The bulk action is stopped. What was done stays done.")
    else:
        messages.info(request, "The bulk action had ended already.")
    return redirect("bulk-action", pk=pk)


def _was_asked_to_cancel() -> Exists:
    """Of what was taken back before it was sent there is no request to cancel."""
    since = Q(requested_at__gte=OuterRef("job__created_at"))
    return Exists(CancelRequest.objects.filter(since, order=OuterRef("order")))


def _sees_all(request: StaffRequest) -> bool:
    return request.user.may(May.RESOLVE)


def _visible(request: StaffRequest) -> BulkJobQuerySet:
    return BulkJob.objects.all().seen_by(request.user, sees_all=_sees_all(request))
