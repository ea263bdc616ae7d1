"""One provider's page: how it is doing now, live while something is being done for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.clocks import database_now
from core.roles import May
from core.web.pages import page_or_part
from core.web.policy import StaffRequest, allow

from .. import tasks
from ..account_health import account_health
from ..actions.as_shown import why_paused
from ..actions.connection_checks import open_report
from ..actions.learning import forget_learned
from ..actions.leases import ensure_leases, make_due
from ..forms import LimitsForm
from ..identity import duplicates_of
from ..models import BalanceReading, CatalogRun, ConnectionReport, LeaseKind, Provider
from ..standing import dialect_in_words, line_of
from .refunds import refunds_context

RUNS_SHOWN = 6
EVENTS_SHOWN = 15
LINE_DAYS = 7
MOVES_SHOWN = 8
MOVES_AMONG = 1000  # newest readings


@allow(May.SEE)
@require_safe
@vary_on_headers("HX-Request")
def provider(request: StaffRequest, pk: int) -> HttpResponse:
    """Everything known of one account."""
    return provider_page(request, get_object_or_404(Provider.objects.for_list(), pk=pk))


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_check(request: StaffRequest, pk: int) -> HttpResponse:
    """Check the connection; where it is wished, with an order of nothing."""
    account = get_object_or_404(Provider, pk=pk)
    report = open_report(
        account,
        actor=request.user,
        now=database_now(),
        with_empty_order="with_empty_order" in request.POST,
    )
    tasks.ring(tasks.check_connection, report_id=report.pk)
    return redirect("provider", pk=pk)


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_forget(request: StaffRequest, pk: int) -> HttpResponse:
    """Forget what was found out about what it can do; the next check finds it out anew."""
    account = get_object_or_404(Provider, pk=pk)
    if forget_learned(account, now=database_now(), actor=request.user):
        messages.success(request, "Forgotten. Check the connection to find it out anew.")
    else:
        messages.info(request, "There was nothing to forget.")
    return redirect("provider", pk=pk)


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_balance(request: StaffRequest, pk: int) -> HttpResponse:
    """Have the balance read now."""
    account = get_object_or_404(Provider, pk=pk)
    if not account.has_key:
        messages.error(request, f"{account} has no key, so its balance cannot be read.")
        return redirect("provider", pk=pk)
    ensure_leases(pk)
    make_due(pk, LeaseKind.BALANCE, at=database_now())
    tasks.ring(tasks.read_balance, provider_id=pk)
    messages.info(request, "The balance is being read. It is shown here as soon as it is known.")
    return redirect("provider", pk=pk)


def provider_page(
    request: StaffRequest,
    account: Provider,
    *,
    limits: LimitsForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, or its living part; `limits` is a form that came back with mistakes."""
    now = database_now()
    may = request.user.may
    context = {
        "provider": account,
        "standing": account_health(account, now=now),
        "offered": account.services.offered().count(),
        "runs": list(_runs(account)),
        "duplicates": duplicates_of(account),
        "held": CatalogRun.objects.held().filter(provider=account).first(),
        "may_run": may(May.RUN_PROVIDERS),
        "may_keep": may(May.KEEP_CREDENTIALS),
        "may_see_balances": may(May.SEE_BALANCES),
        **_connection_check(account, may_see_balances=may(May.SEE_BALANCES)),
    }
    if may(May.SEE_BALANCES):
        context |= _balances(account, now)
    context["is_busy"] = _is_busy(account, context, now)
    template = page_or_part(request, "providers/provider.html", "provider-live")
    if "#" not in template:
        context |= _settings(account, limits)
        context |= refunds_context(account, may_see_balances=may(May.SEE_BALANCES))
    return render(request, template, context, status=status)


def _settings(account: Provider, limits: LimitsForm | None) -> dict[str, Any]:
    """What does not change by itself."""
    return {
        "limits": limits or LimitsForm(instance=account),
        "why_paused": why_paused(account),
        "dialect": dialect_in_words(account.dialect),
        "events": account.events.select_related("actor").order_by("-pk")[:EVENTS_SHOWN],
    }


def _runs(account: Provider) -> Any:
    runs = account.catalog_runs.newest_first().select_related("started_by")
    return runs.defer("held_catalog", "unreadable_samples")[:RUNS_SHOWN]


def _connection_check(account: Provider, *, may_see_balances: bool) -> dict[str, Any]:
    """The newest report; what it says of the balance is for those who may see balances."""
    report = account.connection_reports.select_related("run_by").order_by("-run_at", "-pk").first()
    findings = report.findings if report else []
    if not may_see_balances:
        findings = [{**f, "detail": ""} for f in findings if f["topic"] != "balance"]
    return {"report": report, "findings": findings}


def _balances(account: Provider, now: datetime) -> dict[str, Any]:
    readings = account.balance_readings.filter(read_at__gte=now - timedelta(days=LINE_DAYS))
    line = line_of(readings.order_by("read_at", "pk").values_list("read_at", "amount"))
    newest = account.balance_readings.order_by("-read_at", "-pk")[:MOVES_AMONG]
    return {"line": line, "moves": _moves(list(newest))}


def _moves(readings: list[BalanceReading]) -> list[tuple[BalanceReading, Decimal | None]]:
    """The newest readings that differ from the one before, with the difference."""
    moves: list[tuple[BalanceReading, Decimal | None]] = []
    for newer, older in pairwise(readings):
        if newer.amount != older.amount:
            moves.append((newer, newer.amount - older.amount))
    if readings and len(moves) < MOVES_SHOWN:
        moves.append((readings[-1], None))
    return moves[:MOVES_SHOWN]


def _is_busy(account: Provider, context: dict[str, Any], now: datetime) -> bool:
    """Something is being done that will change what the page shows."""
    report: ConnectionReport | None = context["report"]
    if report is not None and report.ended_at is None:
        return True
    if any(run.is_running for run in context["runs"]):
        return True
    asked = account.leases.filter(kind=LeaseKind.BALANCE, due_at__lte=now)
    return account.has_key and asked.exists()
