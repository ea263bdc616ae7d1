"""Catalog runs: asking for one, watching it, deciding about one that was held."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.clocks import database_now
from core.roles import May
from core.shown_fields import CHANGED
from core.web.pages import asked_page, page_or_part
from core.web.policy import StaffRequest, allow

from .. import tasks
from ..actions.catalog.mirror_catalog import shown_difference
from ..actions.catalog.runs import approve_run, open_run, refuse_run
from ..actions.leases import ensure_leases
from ..models import CatalogRun, Provider, ServiceChange

PAGE_SIZE = 50
DECIDED = "This catalog is not waiting any more: it was decided, or a newer one has come."


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_mirror(request: StaffRequest, pk: int) -> HttpResponse:
    """Fetch the catalog now; the run under way if there is one."""
    provider = get_object_or_404(Provider, pk=pk)
    if not provider.has_key:
        messages.error(request, f"{provider} has no key, so its catalog cannot be fetched.")
        return redirect("provider", pk=pk)
    ensure_leases(pk)
    run = open_run(provider, now=database_now(), actor=request.user)
    tasks.ring(tasks.mirror, provider_id=pk)
    return redirect("catalog-run", pk=run.pk)


@allow(May.SEE)
@require_safe
@vary_on_headers("HX-Request")
def catalog_run(request: StaffRequest, pk: int) -> HttpResponse:
    """What a run did, does, or would do; live while it runs."""
    runs = CatalogRun.objects.select_related("provider", "started_by", "decided_by")
    run = get_object_or_404(runs, pk=pk)
    context: dict[str, Any] = {
        "run": run,
        "provider": run.provider,
        "may_decide": run.is_held and request.user.may(May.RUN_PROVIDERS),
    }
    if run.is_held:
        context |= _proposed(request, run)
    elif not run.is_running:
        changes = ServiceChange.objects.filter(run=run).select_related("service", "provider")
        context["page"] = asked_page(request, changes, keys=("id",), size=PAGE_SIZE)
    template = page_or_part(request, "providers/catalog_run.html", "catalog-run")
    return render(request, template, context)


@allow(May.RUN_PROVIDERS)
@require_POST
def catalog_run_apply(request: StaffRequest, pk: int) -> HttpResponse:
    """Apply a held catalog exactly as it was shown."""
    run = get_object_or_404(CatalogRun.objects.select_related("provider"), pk=pk)
    if request.POST.get("shown") != run.shown:
        messages.warning(request, CHANGED)
    elif approve_run(run, actor=request.user, now=database_now()):
        tasks.ring(tasks.mirror, provider_id=run.provider_id)
    else:
        messages.error(request, DECIDED)
    return redirect("catalog-run", pk=pk)


@allow(May.RUN_PROVIDERS)
@require_POST
def catalog_run_refuse(request: StaffRequest, pk: int) -> HttpResponse:
    """Throw a held catalog away."""
    run = get_object_or_404(CatalogRun.objects.select_related("provider"), pk=pk)
    if request.POST.get("shown") != run.shown:
        messages.warning(request, CHANGED)
    elif refuse_run(run, actor=request.user, now=database_now()):
        messages.success(request, _("Rejected. The services stay as they are."))
    else:
        messages.error(request, DECIDED)
    return redirect("catalog-run", pk=pk)


def _proposed(request: StaffRequest, run: CatalogRun) -> dict[str, Any]:
    """The held difference against our rows as they are now, one list of it, paged."""
    lists = shown_difference(run)
    wanted = request.GET.get("list", "")
    shown = wanted if wanted in lists else next((n for n, rows in lists.items() if rows), "gone")
    tabs = [(name, len(rows), name == shown) for name, rows in lists.items()]
    page = Paginator(lists[shown], PAGE_SIZE).get_page(request.GET.get("page"))
    return {"tabs": tabs, "shown": shown, "proposed": page}
