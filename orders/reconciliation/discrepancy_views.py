"""Differences that a person has to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.clocks import database_now
from core.roles import May
from core.shown_fields import ChangedMeanwhile
from core.web.messages import give_back
from core.web.pages import asked_page
from core.web.policy import StaffRequest, allow

from ..models import Discrepancy
from ..shown import CHANGED
from . import reconcile
from .discrepancies import about_what, close_discrepancy, numbers_in_words
from .forms import CloseDiscrepancyForm, DiscrepancyFilter

PAGE_SIZE = 50


@allow(May.SEE_BALANCES)
@require_safe
def discrepancies(request: StaffRequest) -> HttpResponse:
    """Newest first; the open ones unless told otherwise."""
    asked = DiscrepancyFilter(request.GET)
    found = asked.narrow(Discrepancy.objects.for_list())
    page = asked_page(request, found, keys=("-pk",), size=PAGE_SIZE)
    context: dict[str, Any] = {"page": page, "filter": asked}
    if not page.rows:
        context["counted"] = reconcile.counted()
    return render(request, "orders/reconciliation/discrepancies.html", context)


@allow(May.SEE_BALANCES)
@require_safe
def discrepancy(request: StaffRequest, pk: int) -> HttpResponse:
    """The numbers as they were, and where in the day the difference came about."""
    return _draw(request, _found(pk))


@allow(May.RESOLVE)
@require_POST
def discrepancy_close(request: StaffRequest, pk: int) -> HttpResponse:
    """Somebody has found out, or has asked the provider, and says what came of it."""
    found, form = _found(pk), CloseDiscrepancyForm(request.POST, told="")
    if not form.is_valid():
        return _draw(request, found, form=form)
    note = form.cleaned_data["note"]
    try:
        is_closed = close_discrepancy(
            found, by=request.user, note=note, now=database_now(), shown=form.shown
        )
    except ChangedMeanwhile:
        found = _found(pk)
        form.ask_anew({"told": about_what(found)}, CHANGED)
        return _draw(request, found, form=form)
    if is_closed:
        messages.success(request, f"{found} is closed.")
    else:
        messages.warning(request, f"{found} had been closed already. This is what was said.")
        give_back(request, note)
    return redirect("discrepancy", pk=pk)


def _draw(
    request: StaffRequest, found: Discrepancy, *, form: CloseDiscrepancyForm | None = None
) -> HttpResponse:
    """The page; with 422 when it comes back with a form that has to be fixed."""
    context = {
        "discrepancy": found,
        "numbers": numbers_in_words(found),
        "statement": found.statement,
        "provider": found.provider,
        "steps": reconcile.unexplained_steps(found.statement),
        "form": form or CloseDiscrepancyForm(told=about_what(found)),
        "may_resolve": request.user.may(May.RESOLVE),
    }
    return render(
        request, "orders/reconciliation/discrepancy.html", context, status=422 if form else 200
    )


def _found(pk: int) -> Discrepancy:
    return get_object_or_404(Discrepancy.objects.for_list().select_related("opened_by"), pk=pk)
