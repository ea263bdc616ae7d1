"""How a provider gives money back: what is known of it, and staff's word on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from core.clocks import database_now
from core.roles import May
from core.shown_fields import ChangedMeanwhile
from core.web.policy import StaffRequest, allow

from ..actions.as_shown import change_as_shown
from ..forms import RefundStyleForm
from ..models import Provider, RefundStyle

MEANWHILE = _("Somebody has chosen otherwise since this page was drawn. Nothing was changed: look.")


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_refunds(request: StaffRequest, pk: int) -> HttpResponse:
    """Accept what ended orders show, or say otherwise."""
    provider = get_object_or_404(Provider, pk=pk)
    form = RefundStyleForm(request.POST, style=provider.refund_style)
    if not form.is_valid():
        messages.error(request, "Choose how this provider gives money back.")
        return _back(pk)
    now = database_now()
    try:
        changed = change_as_shown(pk, form.wanted, shown=form.shown, actor=request.user, now=now)
    except ChangedMeanwhile:
        messages.warning(request, MEANWHILE)
        return _back(pk)
    if changed.said:
        messages.success(
            request,
            "Noted. Ended orders and the statements of the last days follow within an hour.",
        )
    else:
        messages.info(request, "Nothing was changed.")
    return _back(pk)


def _back(pk: int) -> HttpResponse:
    """To the card that was used, far down its page."""
    return redirect(f"{reverse('provider', args=[pk])}#refunds")


def refunds_context(provider: Provider, *, may_see_balances: bool) -> dict[str, Any]:
    """What the provider's page says of its refunds. Amounts are for those who may see balances."""
    evidence = provider.refund_evidence
    proposed, at = evidence.get("proposed", ""), evidence.get("looked_at", "")
    is_open = provider.refund_style == RefundStyle.UNKNOWN
    return {
        "refund_form": RefundStyleForm(style=provider.refund_style),
        "refund_evidence": evidence,
        "refunds_counted_at": datetime.fromisoformat(at) if at else None,
        "refund_samples": evidence.get("samples", []) if may_see_balances else [],
        "refund_proposal": RefundStyle(proposed) if is_open and proposed else None,
    }
