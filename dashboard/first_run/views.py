"""The start page, and whether its steps also stand on a person's overview."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.roles import May
from core.web.pages import page_or_part
from core.web.policy import StaffRequest, allow

from .steps import first_run_once

HIDDEN = "The steps are hidden. Get started (Ctrl+K) shows them again."


@allow(May.SEE)
@require_safe
@vary_on_headers("HX-Request")
def start(request: StaffRequest) -> HttpResponse:
    """The steps, ticked while one looks on."""
    run = first_run_once(request)
    template = page_or_part(request, "dashboard/start.html", "start-live")
    return render(request, template, {"start": run, "is_hidden": _hides(request)})


@allow(May.SEE)
@require_POST
def start_on_overview(request: StaffRequest) -> HttpResponse:
    """`hide` the steps from one's own overview, else have them there again."""
    hides = "hide" in request.POST
    request.user.choose(replace(request.user.chosen, hides_first_run=hides))
    if hides:
        messages.info(request, HIDDEN)
    return redirect("overview")


def _hides(request: StaffRequest) -> bool:
    return request.user.chosen.hides_first_run
