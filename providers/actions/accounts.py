"""Keeping accounts: adding them, their address, key and limits. Every change leaves a line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

from core.encryption import encrypt
from core.models import User
from core.money import plain
from core.redaction import remember_secret
from providers.identity import row_of
from providers.models import (
    CatalogRun,
    DoctorReport,
    Provider,
    ProviderHealth,
    RefundStyle,
    RunState,
)

from .lanes import ensure_lanes

FINGERPRINT_LENGTH = 16
SHOWN_OF_KEY = 4
SHORTEST_SHOWN_KEY = 12  # of a shorter key four characters would be too much
SETTINGS = (
    "name",
    "currency",
    "notes",
    "calls_per_minute",
    "add_spacing_ms",
    "batch_size",
    "catalog_every_hours",
    "low_balance",
    "delays",
    "intervals",
    "refund_style",
)


class AccountIsKept(Exception):
    """Another row is this account upstream already; the words are for staff."""

    def __init__(self, row: Provider) -> None:
        super().__init__(
            f"This is the account of “{row.name}”: the same server and the same key. "
            "Two rows of one account would take each other's orders for their own."
        )


@sensitive_variables("key")
def add_provider(
    *, name: str, url: str, key: str, currency: str, actor: User | None, now: datetime
) -> Provider:
    """A new active account with its lanes, its balance and catalog due at once.

    `url` has passed `validate_url`. Without a key the account is kept but cannot be called.
    Raises AccountIsKept.
    """
    _refuse_second_row(url, key)
    with transaction.atomic():
        provider = Provider.objects.create(
            name=name, url=url, currency=currency, **(_kept(key) if key else {})
        )
        ensure_lanes(provider.pk, due_at=now)
        provider.remember("Added.", now=now, actor=actor)
    return provider


def change_address(provider: Provider, url: str, *, actor: User | None, now: datetime) -> bool:
    """Move the account to another address, which clears its key and what was learned there.

    Whoever may change the address could otherwise have the key sent to themselves. False: the
    address was this one already, or somebody changed address or key meanwhile.
    """
    if url == provider.url:
        return False
    changes = {
        "url": url,
        "dialect": {},
        "refund_style": RefundStyle.UNKNOWN,
        "refund_evidence": {},
        "refunds_booked_as": "",
        **_no_key(),
    }
    with transaction.atomic():
        if not _change_credentials(provider, changes):
            return False
        _forget_held_catalogs(provider, now)
        provider.remember(
            f"Address changed from {provider.url} to {url}; the key was cleared.",
            now=now,
            actor=actor,
        )
    provider.refresh_from_db()
    return True


@sensitive_variables("key")
def set_key(provider: Provider, key: str, *, actor: User | None, now: datetime) -> bool:
    """Give the account this key. False: somebody changed address or key meanwhile. Raises
    AccountIsKept."""
    _refuse_second_row(provider.url, key, besides=provider.pk)
    with transaction.atomic():
        if not _change_credentials(provider, _kept(key)):
            return False
        provider.remember(
            f"Key set; fingerprint {fingerprint(key)}.",
            now=now,
            actor=actor,
        )
    provider.refresh_from_db()
    return True


def change_settings(
    provider: Provider, wanted: Mapping[str, Any], *, actor: User | None, now: datetime
) -> list[str]:
    """Set the columns of SETTINGS that differ, and say what changed: "batch size 100 → 50"."""
    changes = {
        name: value
        for name, value in wanted.items()
        if name in SETTINGS and value != getattr(provider, name)
    }
    if not changes:
        return []
    said = [_said(provider, name, value) for name, value in changes.items()]
    with transaction.atomic():
        Provider.objects.filter(pk=provider.pk).update(**changes)
        provider.remember(f"Changed: {'; '.join(said)}.", now=now, actor=actor)
    for name, value in changes.items():
        setattr(provider, name, value)
    return said


@sensitive_variables("key")
def fingerprint(key: str) -> str:
    """Tells two keys apart without telling either."""
    digest = salted_hmac("providers.key", key, algorithm="sha256").hexdigest()
    return digest[:FINGERPRINT_LENGTH]


@sensitive_variables("key")
def _refuse_second_row(url: str, key: str, *, besides: int | None = None) -> None:
    if key and (row := row_of(url, fingerprint(key), besides=besides)):
        raise AccountIsKept(row)


@sensitive_variables("key")
def _kept(key: str) -> dict[str, str]:
    """The columns in which a key is kept."""
    remember_secret(key)
    return {
        "key_ciphertext": encrypt(key),
        "key_last4": key[-SHOWN_OF_KEY:] if len(key) >= SHORTEST_SHOWN_KEY else "",
        "key_fingerprint": fingerprint(key),
    }


def _no_key() -> dict[str, str]:
    return {"key_ciphertext": "", "key_last4": "", "key_fingerprint": ""}


@sensitive_variables("changes")
def _change_credentials(provider: Provider, changes: dict[str, Any]) -> bool:
    """Change them if nobody did meanwhile; a send prepared for the old ones is refused."""
    same = Provider.objects.filter(pk=provider.pk, version=provider.version)
    if not same.update(version=F("version") + 1, **changes):
        return False
    ensure_lanes(provider.pk)
    ProviderHealth.objects.filter(pk=provider.pk).update(
        key_refused_at=None, key_unreadable_at=None, failures=0,
        closed_until=None, probe_until=None, slow_until=None,
        next_add_at=None,
    )  # fmt: skip
    DoctorReport.objects.filter(provider=provider, ended_at=None).delete()
    return True


def _forget_held_catalogs(provider: Provider, now: datetime) -> None:
    """What another address published is not to be applied here."""
    CatalogRun.objects.held().filter(provider=provider).update(
        state=RunState.SUPERSEDED, ended_at=now, held_catalog=None
    )


def _said(provider: Provider, name: str, value: Any) -> str:
    label = str(Provider._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # SETTINGS names plain columns
    if name == "notes":
        return label
    before, after = (_spelled(name, one) for one in (getattr(provider, name), value))
    return f"{label} {before} → {after}"


def _spelled(name: str, value: Any) -> str:
    if name == "refund_style":
        return f"“{RefundStyle(value).label}”"
    if value in (None, ""):
        return "nothing"
    return plain(value) if name == "low_balance" else str(value)
