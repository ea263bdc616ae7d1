"""The catalog: search as you type, a service with its history, every change."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core.keyset import keyset_page
from core.pages import page_or_part
from core.policy import StaffRequest, allow
from core.roles import May

from ..forms import ChangeFilter, ServiceFilter
from ..models import Service, ServiceChange

PAGE_SIZE = 50
FOUND_SHOWN = 20
CATEGORIES_OFFERED = 300


@allow(May.SEE)
@require_safe
@vary_on_headers("HX-Request")
def services(request: StaffRequest) -> HttpResponse:
    """The catalog of all providers, narrowed as staff type."""
    wanted = ServiceFilter(request.GET)
    page = keyset_page(
        wanted.narrow(Service.objects.for_list()),
        keys=wanted.keys,
        cursor=request.GET.get("cursor", ""),
        size=PAGE_SIZE,
    )
    template = page_or_part(request, "providers/services.html", "service-list")
    context: dict[str, Any] = {
        "filter": wanted,
        "page": page,
        "may_place": request.user.may(May.PLACE),
    }
    if "#" not in template:
        context["categories"] = _categories(wanted)
    return render(request, template, context)


@allow(May.SEE)
@require_safe
def service(request: StaffRequest, pk: int) -> HttpResponse:
    """One service: everything published of it, and every change ever seen."""
    found = get_object_or_404(Service.objects.select_related("provider"), pk=pk)
    changes = ServiceChange.objects.filter(service=found)
    cursor = request.GET.get("cursor", "")
    context = {
        "service": found,
        "provider": found.provider,
        "page": keyset_page(changes, keys=("-id",), cursor=cursor, size=PAGE_SIZE),
        "may_place": request.user.may(May.PLACE),
    }
    return render(request, "providers/service.html", context)


@allow(May.SEE)
@require_safe
def service_search(request: StaffRequest) -> HttpResponse:
    """The services that fit a few letters best, as a fragment for the order form."""
    words = request.GET.get("q", "").strip()[:200]
    found = Service.objects.orderable().matching(words) if words else Service.objects.none()
    rows = list(found.for_list().order_by("category", "id")[: FOUND_SHOWN + 1])
    context = {"words": words, "found": rows[:FOUND_SHOWN], "is_cut": len(rows) > FOUND_SHOWN}
    return render(request, "providers/_service_search.html", context)


@allow(May.SEE)
@require_safe
@vary_on_headers("HX-Request")
def service_changes(request: StaffRequest) -> HttpResponse:
    """Every difference between two catalogs, newest first."""
    wanted = ChangeFilter(request.GET)
    changes = ServiceChange.objects.select_related("service", "provider").filter(**wanted.chosen)
    cursor = request.GET.get("cursor", "")
    page = keyset_page(changes, keys=("-id",), cursor=cursor, size=PAGE_SIZE)
    context = {"filter": wanted, "page": page}
    template = page_or_part(request, "providers/service_changes.html", "change-list")
    return render(request, template, context)


def _categories(wanted: ServiceFilter) -> list[str]:
    """Categories to choose from: of the chosen provider, or of all."""
    services = Service.objects.exclude(category="")
    if provider := wanted.chosen.get("provider"):
        services = services.filter(provider=provider)
    names = services.order_by("category").values_list("category", flat=True).distinct()
    return list(names[:CATEGORIES_OFFERED])
