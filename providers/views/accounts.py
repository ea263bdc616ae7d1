"""Provider accounts: the list, adding one, its settings, its key, the pause switch."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.clocks import database_now
from core.roles import May
from core.shown_fields import ChangedMeanwhile, word_of
from core.web.messages import tell
from core.web.policy import StaffRequest, allow

from .. import tasks
from ..account_health import account_health
from ..actions.accounts import (
    AccountIsKept,
    NameIsTaken,
    add_provider,
)
from ..actions.as_shown import (
    change_as_shown,
    resume_as_shown,
    set_key_as_shown,
    which_account,
)
from ..actions.connection_checks import open_report
from ..actions.deleting import delete_provider, why_kept
from ..actions.pausing import pause_provider
from ..days_left import days_left
from ..forms import KeyForm, LimitsForm, NewProviderForm, PauseForm, ProviderForm
from ..models import Provider, Service
from .account import provider_page

CHANGED_MEANWHILE = "Somebody changed this provider's address or key meanwhile. Look again."
PAUSED_AGAIN = _(
    "It is paused for something else than this page showed. Nothing was done: look once more."
)


@allow(May.SEE)
@require_safe
def providers(request: StaffRequest) -> HttpResponse:
    """Every account with its state, balance and newest catalog."""
    now = database_now()
    rows = list(Provider.objects.for_list().with_newest_run())
    offered = Service.objects.offered().order_by().values("provider").annotate(count=Count("pk"))
    counts = {row["provider"]: row["count"] for row in offered}
    sees_balances = request.user.may(May.SEE_BALANCES)
    left = days_left(rows, now=now) if sees_balances else {}
    context = {
        "rows": [
            {
                "provider": provider,
                "left": left.get(provider.pk),
                "standing": account_health(provider, now=now),
                "services": counts.get(provider.pk, 0),
            }
            for provider in rows
        ],
        "may_see_balances": sees_balances,
        "may_add": request.user.may(May.KEEP_CREDENTIALS),
    }
    return render(request, "providers/providers.html", context)


@allow(May.KEEP_CREDENTIALS)
@sensitive_post_parameters("key")
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("form")
def provider_new(request: StaffRequest) -> HttpResponse:
    """Add an account and have its connection checked; it is kept whatever the check finds."""
    form = NewProviderForm(request.POST or None)
    provider = _added(form, request) if request.method == "POST" and form.is_valid() else None
    if provider is None:
        status = 422 if request.method == "POST" else 200
        return render(request, "providers/provider_new.html", {"form": form}, status=status)
    messages.success(request, f"{provider} is added. Its connection is being checked.")
    return redirect("provider", pk=provider.pk)


@sensitive_variables("form")
def _added(form: NewProviderForm, request: StaffRequest) -> Provider | None:
    """None: the form says why not."""
    try:
        with transaction.atomic():
            provider = add_provider(**form.cleaned_data, actor=request.user, now=database_now())
            _check_connection(provider, request)
    except AccountIsKept as kept:
        form.add_error("key", str(kept))
        return None
    except NameIsTaken as taken:
        form.add_error("name", str(taken))
        return None
    return provider


@allow(May.KEEP_CREDENTIALS)
@require_http_methods(["GET", "HEAD", "POST"])
def provider_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Name, address, currency and notes. Another address clears the key."""
    provider = get_object_or_404(Provider, pk=pk)
    form = ProviderForm(request.POST or None, provider=provider)
    if request.method != "POST" or not form.is_valid():
        return _form_page(request, "providers/provider_edit.html", provider, form)
    try:
        changed = change_as_shown(
            pk, form.wanted, shown=form.shown, actor=request.user, now=database_now()
        )
    except NameIsTaken as taken:
        form.add_error("name", str(taken))
        return _form_page(request, "providers/provider_edit.html", provider, form)
    except ChangedMeanwhile as changed_meanwhile:
        form.say_meanwhile(changed_meanwhile)
        return _form_page(request, "providers/provider_edit.html", provider, form)
    if changed.currencies:
        messages.warning(request, _other_currency(*changed.currencies))
    if changed.is_moved:
        messages.warning(request, "The address was changed and the key cleared. Enter the key.")
        return redirect("provider-key", pk=pk)
    messages.success(request, "Saved.")
    return redirect("provider", pk=pk)


def _other_currency(before: str, after: str) -> str:
    told = {"before": before or _("no currency"), "after": after}
    return (
        _(
            "The account is in %(after)s, no longer in %(before)s. Orders that wait are held until "
            "somebody agrees to their price in it. Spend limits in %(before)s no longer count here."
        )
        % told
    )


@allow(May.KEEP_CREDENTIALS)
@require_POST
def provider_delete(request: StaffRequest, pk: int) -> HttpResponse:
    """Delete an account that was typed wrongly and never used."""
    name = get_object_or_404(Provider, pk=pk).name
    if words := delete_provider(pk, shown=request.POST.get("shown", ""), actor=request.user):
        messages.warning(request, f"{name} was not deleted. {words}")
        return redirect("provider-edit", pk=pk)
    messages.success(request, f"{name} is deleted.")
    return redirect("providers")


@allow(May.KEEP_CREDENTIALS)
@sensitive_post_parameters("key")
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("form", "key")
def provider_key(request: StaffRequest, pk: int) -> HttpResponse:
    """Give the account a key. What it has is never shown, only told apart."""
    provider = get_object_or_404(Provider, pk=pk)
    form = KeyForm(request.POST or None, provider=provider)
    if request.method != "POST" or not form.is_valid():
        return _form_page(request, "providers/provider_key.html", provider, form)
    try:
        with transaction.atomic():
            key, now = form.cleaned_data["key"], database_now()
            row = set_key_as_shown(pk, key, shown=form.shown, actor=request.user, now=now)
            _check_connection(row, request)
    except AccountIsKept as kept:
        form.add_error("key", str(kept))
        return _form_page(request, "providers/provider_key.html", provider, form)
    except ChangedMeanwhile:
        messages.error(request, CHANGED_MEANWHILE)
        return redirect("provider-key", pk=pk)
    messages.success(request, "The key is set. Its connection is being checked.")
    return redirect("provider", pk=pk)


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_limits(request: StaffRequest, pk: int) -> HttpResponse:
    """How often and how much at once; when to warn of a low balance."""
    provider = get_object_or_404(Provider, pk=pk)
    form = LimitsForm(request.POST, instance=Provider.objects.get(pk=pk))
    if not form.is_valid():
        return provider_page(request, provider, limits=form, status=422)
    try:
        said = change_as_shown(
            pk, form.wanted, shown=form.shown, actor=request.user, now=database_now()
        ).said
    except ChangedMeanwhile as changed:
        form.say_meanwhile(changed)
        return provider_page(request, provider, limits=form, status=422)
    messages.success(request, f"Changed: {'; '.join(said)}." if said else "Nothing was changed.")
    return redirect("provider", pk=pk)


@allow(May.RUN_PROVIDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def provider_pause(request: StaffRequest, pk: int) -> HttpResponse:
    """Stop sending orders to this account; what is open is still followed."""
    provider = get_object_or_404(Provider, pk=pk)
    form = PauseForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _form_page(request, "providers/provider_pause.html", provider, form)
    reason = form.cleaned_data["reason"]
    tell(
        request,
        pause_provider(provider, reason=reason, actor=request.user, now=database_now()),
        f"{provider} is paused. Its orders wait.",
        f"{provider} was paused already.",
        written=reason,
    )
    return redirect("provider", pk=pk)


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_resume(request: StaffRequest, pk: int) -> HttpResponse:
    """Send orders again."""
    provider = get_object_or_404(Provider, pk=pk)
    shown, now = request.POST.get("shown", ""), database_now()
    try:
        is_resumed = resume_as_shown(pk, shown=shown, actor=request.user, now=now)
    except ChangedMeanwhile:
        messages.warning(request, PAUSED_AGAIN)
        return redirect("provider", pk=pk)
    if is_resumed:
        messages.success(request, f"{provider} is resumed. Waiting orders will be sent.")
    return redirect("provider", pk=pk)


def _check_connection(provider: Provider, request: StaffRequest) -> None:
    report = open_report(provider, actor=request.user, now=database_now())
    tasks.ring(tasks.check_connection, report_id=report.pk)


def _form_page(request: StaffRequest, template: str, provider: Provider, form: Any) -> HttpResponse:
    context = {
        "provider": provider,
        "form": form,
        "why_kept": why_kept(provider),
        "which": word_of(which_account(provider)),
    }
    return render(request, template, context, status=422 if form.is_bound else 200)
