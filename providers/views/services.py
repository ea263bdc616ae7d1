"""The catalog: search as you type, a service with its history, every change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.clocks import database_now
from core.roles import May
from core.shown_fields import word_of
from core.web.pages import asked_page, page_or_part
from core.web.policy import StaffRequest, allow

from ..actions.catalog.choose_type import choose_type
from ..forms import ChangeFilter, ChosenTypeForm, ServiceFilter
from ..models import Service, ServiceChange
from ..price_line import price_line

PAGE_SIZE = 50
MEANWHILE = _(
    "The order form of this service, or its type, was changed since the page was drawn. Save "
    "again to choose this one."
)
FOUND_SHOWN = 20
CATEGORIES_OFFERED = 300


@allow(May.SEE)
@require_safe
@vary_on_headers("HX-Request")
def services(request: StaffRequest) -> HttpResponse:
    """The catalog of all providers, narrowed as staff type."""
    asked = ServiceFilter(request.GET)
    found = asked.narrow(Service.objects.for_list())
    page = asked_page(request, found, keys=asked.keys, size=PAGE_SIZE)
    template = page_or_part(request, "providers/services.html", "service-list")
    context: dict[str, Any] = {
        "filter": asked,
        "page": page,
        "may_place": request.user.may(May.PLACE),
    }
    if "#" not in template:
        context["categories"] = _categories(asked)
    return render(request, template, context)


@allow(May.SEE)
@require_safe
def service(request: StaffRequest, pk: int) -> HttpResponse:
    """One service: everything published of it, and every change ever seen."""
    found = get_object_or_404(Service.objects.select_related("provider"), pk=pk)
    return _service_page(request, found, ChosenTypeForm(service=found))


@allow(May.RUN_PROVIDERS)
@require_POST
def service_type(request: StaffRequest, pk: int) -> HttpResponse:
    """Choose the order form of a service, or leave it to its published type again."""
    found = get_object_or_404(Service.objects.select_related("provider"), pk=pk)
    form = ChosenTypeForm(request.POST, service=found)
    if not form.is_valid():
        return _service_page(request, found, form, status=422)
    so, chosen = form.shown_values(), form.cleaned_data["type"]
    if form.shown.get("type") != word_of(so["type"]) and chosen != found.chosen_type:
        form.ask_anew(so, MEANWHILE, beside="type")
        return _service_page(request, found, form, status=422)
    if chosen == found.chosen_type:
        messages.info(request, "Nothing was changed.")
    elif not choose_type(found, chosen, actor=request.user, now=database_now()):
        messages.error(request, "This service was changed meanwhile. Look again.")
    elif chosen:
        messages.success(request, f"It is ordered with the form of “{chosen}” from now on.")
    else:
        messages.success(request, "It has the form of its published type again.")
    return redirect("service", pk=pk)


def _service_page(
    request: StaffRequest, found: Service, form: ChosenTypeForm, *, status: int = 200
) -> HttpResponse:
    changes = ServiceChange.objects.filter(service=found)
    context = {
        "service": found,
        "provider": found.provider,
        "line": price_line(found, now=database_now()),
        "page": asked_page(request, changes, keys=("-id",), size=PAGE_SIZE),
        "may_place": request.user.may(May.PLACE),
        "may_run": request.user.may(May.RUN_PROVIDERS),
        "type_form": form,
    }
    return render(request, "providers/service.html", context, status=status)


@allow(May.SEE)
@require_safe
def service_search(request: StaffRequest) -> HttpResponse:
    """The services that fit a few letters best, as a fragment for the order form."""
    words = request.GET.get("q", "").strip()[:200]
    orderable = Service.objects.orderable().for_list()
    rows = orderable.best(words, FOUND_SHOWN + 1) if words else []
    context = {"words": words, "found": rows[:FOUND_SHOWN], "is_cut": len(rows) > FOUND_SHOWN}
    return render(request, "providers/_service_search.html", context)


@allow(May.SEE)
@require_safe
@vary_on_headers("HX-Request")
def service_changes(request: StaffRequest) -> HttpResponse:
    """Every difference between two catalogs, newest first."""
    asked = ChangeFilter(request.GET)
    changes = asked.narrow(ServiceChange.objects.select_related("service", "provider"))
    page = asked_page(request, changes, keys=("-id",), size=PAGE_SIZE)
    context = {"filter": asked, "page": page}
    template = page_or_part(request, "providers/service_changes.html", "change-list")
    return render(request, template, context)


def _categories(asked: ServiceFilter) -> list[str]:
    """Categories to choose from: of the chosen provider, or of all."""
    services = Service.objects.exclude(category="")
    if provider := asked.wanted.get("provider"):
        services = services.filter(provider=provider)
    names = services.order_by("category").values_list("category", flat=True).distinct()
    return list(names[:CATEGORIES_OFFERED])
