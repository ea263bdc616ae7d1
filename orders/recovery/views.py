"""How lost orders are looked for at one provider: its rules and what its order numbers prove."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.clocks import database_now
from core.roles import May
from core.shown_fields import ChangedMeanwhile, word_of
from core.web.policy import StaffRequest, allow
from providers.connect import client_for
from providers.models import Provider

from ..ask_provider import asked
from ..models import Recovery
from ..shown import CHANGED
from ..status import Resolution
from .forms import RecoveryForm
from .search import rules as recovery_rules
from .search.calibrate import calibrate


@allow(May.RUN_PROVIDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def provider_recovery(request: StaffRequest, pk: int) -> HttpResponse:
    """The rules, to read and to change."""
    provider = get_object_or_404(Provider, pk=pk)
    rules, _ = Recovery.objects.get_or_create(provider=provider)
    is_admin = request.user.may(May.KEEP_CREDENTIALS)
    form = RecoveryForm(request.POST or None, instance=rules, is_admin=is_admin)
    if request.method == "POST" and form.is_valid():
        try:
            recovery_rules.change_rules(
                pk, form.wanted, shown=form.shown, actor=request.user, now=database_now()
            )
        except ChangedMeanwhile as changed:
            form.say_meanwhile(changed)
    if request.method == "POST" and form.is_valid():
        messages.success(request, "The rules are kept. They count from the next lost answer on.")
        return redirect("provider-recovery", pk=pk)
    context = {
        "provider": provider,
        "rules": Recovery.objects.get(provider=provider),
        "form": form,
        "figures": recovery_rules.figures(provider),
        "labels": Resolution,
        "why_off": word_of(recovery_rules.why_off(rules)),
        "unplaced": recovery_rules.unplaced(provider),
    }
    return render(
        request, "orders/recovery/recovery.html", context, status=422 if form.errors else 200
    )


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_recovery_calibrate(request: StaffRequest, pk: int) -> HttpResponse:
    """Find out now what the order numbers of this account prove: one free call."""
    provider = get_object_or_404(Provider, pk=pk)
    found = asked(
        request,
        lambda: calibrate(provider, client_for(provider), clock=database_now, actor=request.user),
    )
    if found is not None:
        say = messages.success if found.holds else messages.info
        say(request, f"Calibrated: {found.words}")
    return redirect("provider-recovery", pk=pk)


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_recovery_resume(request: StaffRequest, pk: int) -> HttpResponse:
    """Trust the numbers again after the desk had switched its search off."""
    provider = get_object_or_404(Provider, pk=pk)
    seen, now = request.POST.get("shown", ""), database_now()
    try:
        is_resumed = recovery_rules.resume(provider, actor=request.user, now=now, shown=seen)
    except ChangedMeanwhile:
        messages.warning(request, CHANGED)
        return redirect("provider-recovery", pk=pk)
    if is_resumed:
        messages.success(request, "The search is on again.")
    return redirect("provider-recovery", pk=pk)
