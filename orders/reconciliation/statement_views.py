"""What an account's balance did, day by day, and what explains it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from core.clocks import database_now
from core.roles import May
from core.shown_fields import ChangedMeanwhile
from core.web.pages import asked_page
from core.web.policy import StaffRequest, allow
from providers.models import Provider

from ..models import Statement, StatementState
from . import discrepancies, reconcile
from .export_ledger import export_entries
from .forms import TopUpForm
from .movements import entries_between

PAGE_SIZE = 31
WRITTEN_MEANWHILE = _(
    "Somebody has written down money for this day since the page was drawn. It stands in the list "
    "now: if this is other money, write it down once more."
)
ENTRIES_SHOWN = 50


@allow(May.SEE_BALANCES)
@require_safe
def provider_statements(request: StaffRequest, pk: int) -> HttpResponse:
    """The account's days, newest first."""
    provider = get_object_or_404(Provider, pk=pk)
    found = Statement.objects.filter(provider=provider)
    page = asked_page(request, found, keys=("-pk",), size=PAGE_SIZE)
    return render(
        request, "orders/reconciliation/statements.html", {"provider": provider, "page": page}
    )


@allow(May.SEE_BALANCES)
@require_safe
def statement(request: StaffRequest, pk: int) -> HttpResponse:
    """One day: the sums, where in it something is not explained, and every charge in it."""
    return _draw(request, _found(pk))


@allow(May.RESOLVE)
@require_POST
def statement_again(request: StaffRequest, pk: int) -> HttpResponse:
    """Make it anew from what is known by now."""
    reconcile.make_statement(_found(pk), now=database_now())
    messages.success(request, "The day is counted anew, with all that is known by now.")
    return redirect("statement", pk=pk)


@allow(May.RESOLVE)
@require_POST
def statement_top_up(request: StaffRequest, pk: int) -> HttpResponse:
    """Somebody says what was put in."""
    found, form = _found(pk), TopUpForm(request.POST, told="")
    if not form.is_valid():
        return _draw(request, found, top_up_form=form)
    try:
        reconcile.add_top_up(
            found,
            form.cleaned_data["amount"],
            note=form.cleaned_data["note"],
            by=request.user,
            now=database_now(),
            shown=form.shown,
        )
    except ChangedMeanwhile:
        form.ask_anew({"told": reconcile.put_in(found)}, WRITTEN_MEANWHILE)
        return _draw(request, found, top_up_form=form)
    messages.success(request, "Noted. The day is counted anew with it.")
    return redirect("statement", pk=pk)


@allow(May.RESOLVE)
@require_POST
def statement_discrepancy(request: StaffRequest, pk: int) -> HttpResponse:
    """Somebody wants the money that came in looked into."""
    found = _found(pk)
    if found.state != StatementState.ADDED:
        messages.info(request, "Nothing came in on this day that is not explained.")
        return redirect("statement", pk=pk)
    discrepancy = discrepancies.ask_about(found, by=request.user, now=database_now())
    return redirect("discrepancy", pk=discrepancy.pk)


@allow(May.SEE_BALANCES)
@require_safe
def statement_export(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Every charge and refund of the day as a CSV file, written while it is read."""
    found = _found(pk)
    name = f"charges-{found.provider_id}-{found.day:%Y-%m-%d}.csv"
    entries = entries_between(found.provider_id, found.opening_at, found.closing_at)
    return StreamingHttpResponse(
        export_entries(entries),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _draw(
    request: StaffRequest, found: Statement, *, top_up_form: TopUpForm | None = None
) -> HttpResponse:
    """The page; with 422 when it comes back with a form that has to be fixed."""
    entries = entries_between(found.provider_id, found.opening_at, found.closing_at)
    shown = entries.select_related("order__service")
    page = asked_page(request, shown, keys=("-pk",), size=ENTRIES_SHOWN)
    context = {
        "statement": found,
        "provider": found.provider,
        "page": page,
        "entries": [(entry, reconcile.is_surely_in(entry, found)) for entry in page.rows],
        "steps": reconcile.unexplained_steps(found),
        "top_ups": list(found.top_ups.select_related("by").order_by("pk")),
        "discrepancies": list(found.discrepancies.order_by("-pk")),
        "top_up_form": top_up_form or TopUpForm(told=reconcile.put_in(found)),
        "may_resolve": request.user.may(May.RESOLVE),
    }
    status = 422 if top_up_form else 200
    return render(request, "orders/reconciliation/statement.html", context, status=status)


def _found(pk: int) -> Statement:
    return get_object_or_404(Statement.objects.select_related("provider"), pk=pk)
