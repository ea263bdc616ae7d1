"""How a provider gives money back: what is known of it, and staff's word on it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from core.clocks import database_now
from core.roles import May
from core.web.policy import StaffRequest, allow

from ..actions.accounts import change_settings
from ..forms import RefundStyleForm
from ..models import Provider, RefundStyle


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_refunds(request: StaffRequest, pk: int) -> HttpResponse:
    """Accept what ended orders show, or say otherwise."""
    provider = get_object_or_404(Provider, pk=pk)
    form = RefundStyleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose how this provider gives money back.")
        return redirect("provider", pk=pk)
    said = change_settings(provider, form.cleaned_data, actor=request.user, now=database_now())
    if said:
        messages.success(
            request,
            "Noted. Ended orders and the statements of the last days follow within an hour.",
        )
    else:
        messages.info(request, "Nothing was changed.")
    return redirect("provider", pk=pk)


def refunds_context(provider: Provider, *, may_see_balances: bool) -> dict[str, Any]:
    """What the provider's page says of its refunds. Amounts are for those who may see balances."""
    evidence = provider.refund_evidence
    proposed = evidence.get("proposed", "")
    is_open = provider.refund_style == RefundStyle.UNKNOWN
    return {
        "refund_form": RefundStyleForm(initial={"refund_style": provider.refund_style or proposed}),
        "refund_evidence": evidence,
        "refund_samples": evidence.get("samples", []) if may_see_balances else [],
        "refund_proposal": RefundStyle(proposed) if is_open and proposed else None,
    }
