"""What a person does to an account from a page that may be old: what it showed has to be so still,
compared where the row is locked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from core.models import User
from core.shown_fields import ChangedMeanwhile, own_changes, word_of
from providers.models import Provider

from .accounts import change_address, change_settings, set_key
from .pausing import resume_provider


@dataclass(frozen=True, slots=True)
class Changed:
    """`said` in words: "batch size 100 → 50"; `is_moved`: it has another address and no key;
    `currencies`: the one it had and the one it has, where that is another."""

    said: list[str]
    is_moved: bool
    currencies: tuple[str, str] | None = None


def which_account(provider: Provider) -> str:
    """Which account it is, at which address and with which key; where a database was put back,
    another one may have its number and version."""
    return f"{provider.created_at.isoformat()} {provider.version}"


def why_paused(provider: Provider) -> str:
    """For what it waits; who resumes it has seen that."""
    return word_of(f"{provider.created_at.isoformat()} {provider.paused_reason}")


def change_as_shown(
    provider_id: int,
    wanted: Mapping[str, Any],
    *,
    shown: Mapping[str, str],
    actor: User,
    now: datetime,
) -> Changed:
    """Change what the person has changed of what the page showed, address and settings together.
    Raises ChangedMeanwhile and NameIsTaken; then nothing is changed."""
    with transaction.atomic():
        row = _locked(provider_id)
        own = own_changes(wanted, shown=shown, now={name: getattr(row, name) for name in wanted})
        before = row.currency
        said = change_settings(row, own, actor=actor, now=now)
        currencies = (before, row.currency) if row.currency != before else None
        is_moved = "url" in own and change_address(row, own["url"], actor=actor, now=now)
    return Changed(said, is_moved, currencies)


@sensitive_variables("key")
def set_key_as_shown(
    provider_id: int, key: str, *, shown: Mapping[str, str], actor: User, now: datetime
) -> Provider:
    """Raises ChangedMeanwhile where address or key are others by now, and AccountIsKept."""
    with transaction.atomic():
        row = _locked(provider_id)
        if shown.get("account") != word_of(which_account(row)):
            raise ChangedMeanwhile({"account": which_account(row)})
        set_key(row, key, actor=actor, now=now)
    return row


def resume_as_shown(provider_id: int, *, shown: str, actor: User, now: datetime) -> bool:
    """False: it was not paused. Raises ChangedMeanwhile where it is paused for something else."""
    with transaction.atomic():
        row = _locked(provider_id)
        if not row.is_active and shown != why_paused(row):
            raise ChangedMeanwhile({"paused_reason": row.paused_reason})
        return resume_provider(row, actor=actor, now=now)


def _locked(provider_id: int) -> Provider:
    return Provider.objects.select_for_update().get(pk=provider_id)
