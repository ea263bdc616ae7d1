"""The overview, and the sidebar by itself for its own refresh."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core.clocks import database_now
from core.regional.desk_days import desk_day
from core.roles import May
from core.web.pages import page_or_part
from core.web.policy import StaffRequest, allow, signed_in
from orders.models import Order
from orders.pages.related_figures import name_parts
from providers.account_health import account_health
from providers.models import Provider
from providers.sandbox_address import scope_of

from . import overview as figures
from .first_run.steps import FirstRun, first_run_once
from .health.attention import counts_once, matters
from .navigation import navigation_for

LATEST = 8


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def overview(request: StaffRequest) -> HttpResponse:
    """What needs a person, then how the day goes. Somebody without a role is told so here."""
    if not request.user.may(May.SEE):
        return render(request, "dashboard/no_role.html")
    template = page_or_part(request, "dashboard/overview.html", "overview-live")
    context = _live(request)
    if "#" not in template:
        context |= _chart(request)
    return render(request, template, context)


@allow(May.SEE)
@require_safe
def overview_chart(request: StaffRequest) -> HttpResponse:
    """The chart for another span; a plain visit gets the overview with it."""
    template = page_or_part(request, "dashboard/overview.html", "overview-chart")
    context = _chart(request)
    if "#" not in template:
        context |= _live(request)
    return render(request, template, context)


@signed_in
@require_safe
def navigation(request: StaffRequest) -> HttpResponse:
    """The sidebar as it is now, for the page the browser is on."""
    page = request.htmx.current_url_abs_path or "/"
    context = {"navigation": navigation_for(request, page.partition("?")[0]), "refreshed": True}
    return render(request, "_navigation.html", context)


def _live(request: StaffRequest) -> dict[str, Any]:
    """Everything that moves, in a number of queries that does not grow with the rows."""
    user, now = request.user, database_now()
    providers = list(Provider.objects.for_list())
    counts = counts_once(request)
    latest = list(Order.objects.for_list().order_by("-pk")[:LATEST])
    name_parts(latest)
    return {
        "figures": figures.figures(now),
        "today": desk_day(now).isoformat(),
        "start": _start(request),
        "sandbox_scope": scope_of(provider.url for provider in providers),
        "waiting": counts.total,
        "matters": matters(user, counts, providers, now),
        "providers": [(provider, account_health(provider, now=now)) for provider in providers],
        "sees_balances": user.may(May.SEE_BALANCES),
        "may_place": user.may(May.PLACE),
        "latest": latest,
    }


def _start(request: StaffRequest) -> FirstRun | None:
    """What is still to be done before this desk is at work, for who wants to see it."""
    run = None if request.user.chosen.hides_first_run else first_run_once(request)
    return None if run is None or run.is_over else run


def _chart(request: StaffRequest) -> dict[str, Any]:
    asked = request.GET.get("days", "")
    span = int(asked) if asked in map(str, figures.SPANS) else figures.SPAN
    days = figures.daily(span, database_now())
    return {"span": span, "spans": figures.SPANS, "chart": json.dumps(days.as_json())}
