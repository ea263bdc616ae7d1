"""The switch that stops sending to an account while polling goes on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.models import User
from providers.models import Provider, ProviderState


def pause_provider(
    provider: Provider, *, reason: str, now: datetime, actor: User | None = None
) -> bool:
    """Send nothing more to this account. False: it was paused already."""
    return _switch(
        provider,
        ProviderState.ACTIVE,
        ProviderState.PAUSED,
        reason,
        f"Paused: {reason}",
        now,
        actor,
    )


def resume_provider(provider: Provider, *, now: datetime, actor: User | None = None) -> bool:
    """Send again. False: it was not paused."""
    return _switch(provider, ProviderState.PAUSED, ProviderState.ACTIVE, "", "Resumed.", now, actor)


def _switch(
    provider: Provider,
    before: ProviderState,
    after: ProviderState,
    reason: str,
    text: str,
    now: datetime,
    actor: User | None,
) -> bool:
    with transaction.atomic():
        row = Provider.objects.filter(pk=provider.pk, state=before)
        if not row.update(state=after, paused_reason=reason):
            return False
        provider.remember(text, now=now, actor=actor)
    provider.state, provider.paused_reason = after, reason
    return True
