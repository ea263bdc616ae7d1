"""Keeping accounts: adding them, their address, key and limits. Every change leaves a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

from core.encryption import encrypt
from core.models import User
from core.money import plain
from core.redaction import remember_secret
from core.rows.constraints import broken_constraint
from providers.identity import row_of, upstream_digest
from providers.models import (
    CatalogRun,
    ConnectionReport,
    LeaseKind,
    Provider,
    ProviderHealth,
    RefundStyle,
    RunState,
)

from .leases import ensure_leases, make_due

FINGERPRINT_LENGTH = 16
SHOWN_OF_KEY = 4
SHORTEST_SHOWN_KEY = 12  # of a shorter key four characters would be too much
MOVED_MEANWHILE = "The address of the account was changed meanwhile."
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

    def __init__(self, row: Provider | None) -> None:
        name = f"“{row.name}”" if row else "another row"
        super().__init__(
            f"This is the account of {name}: the same server and the same key. "
            "Two rows of one account would take each other's orders for their own."
        )


class NameIsTaken(Exception):
    """Somebody gave another account this name meanwhile; the words are for staff."""

    def __init__(self) -> None:
        super().__init__("Another provider has this name.")


@sensitive_variables("key")
def add_provider(
    *, name: str, url: str, key: str, currency: str, actor: User | None, now: datetime
) -> Provider:
    """A new active account with its leases, its balance and catalog due at once.

    `url` has passed `validate_url`. Without a key the account is kept but cannot be called.
    Raises AccountIsKept and NameIsTaken.
    """
    _refuse_second_row(url, key)
    with _one_row_each(url, key), transaction.atomic():
        provider = Provider.objects.create(
            name=name, url=url, currency=currency, **(_kept(url, key) if key else {})
        )
        ensure_leases(provider.pk, due_at=now)
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
        "moved_at": now,
        "here_since": now,
        "dialect": {},
        "refund_style": RefundStyle.UNKNOWN,
        "refund_evidence": {},
        "refunds_booked_as": "",
        **_no_key(),
    }
    with transaction.atomic():
        _end_open_catalogs(provider, now)  # before the account's row, as whoever ends one
        if not _change_credentials(provider, changes):
            transaction.set_rollback(True)
            return False
        end_duplicate_of(provider)
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
    with _one_row_each(provider.url, key), transaction.atomic():
        if not _change_credentials(provider, _kept(provider.url, key) | {"here_since": now}):
            return False
        end_duplicate_of(provider)
        if provider.moved_at is not None:
            make_due(provider.pk, LeaseKind.CATALOG, at=now)
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
    """Set the columns of SETTINGS that differ, and say what changed: "batch size 100 → 50". Raises
    NameIsTaken."""
    changes = {
        name: value
        for name, value in wanted.items()
        if name in SETTINGS and value != getattr(provider, name)
    }
    if not changes:
        return []
    said = [_said(provider, name, value) for name, value in changes.items()]
    with _one_row_each(), transaction.atomic():
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


@contextmanager
@sensitive_variables("key")
def _one_row_each(url: str = "", key: str = "") -> Iterator[None]:
    """The database has the last word where two ask at the same moment: what it refuses is said as
    the check before says it. Around the transaction, so that the other row can be read."""
    try:
        yield
    except IntegrityError as error:
        broken = broken_constraint(error)
        if broken == "one_row_per_account_upstream":
            raise AccountIsKept(row_of(url, fingerprint(key))) from None
        if broken == "providers_provider.name":
            raise NameIsTaken from None
        raise


def end_duplicate_of(provider: Provider) -> None:
    """This row, as it was read, has left its account: the first of the others stands for it now,
    so that no further one can be added."""
    others = Provider.objects.filter(upstream=provider.upstream).exclude(upstream="")
    if not others.filter(is_allowed_twin=False).exists() and (first := others.order_by("pk")[:1]):
        Provider.objects.filter(pk=first[0].pk).update(is_allowed_twin=False)


@sensitive_variables("key")
def _kept(url: str, key: str) -> dict[str, Any]:
    """The columns in which a key is kept."""
    remember_secret(key)
    told_by = fingerprint(key)
    return {
        "key_ciphertext": encrypt(key),
        "key_last4": key[-SHOWN_OF_KEY:] if len(key) >= SHORTEST_SHOWN_KEY else "",
        "key_fingerprint": told_by,
        "upstream": upstream_digest(url, told_by),
        "is_allowed_twin": False,
    }


def _no_key() -> dict[str, Any]:
    no_key = dict.fromkeys(("key_ciphertext", "key_last4", "key_fingerprint", "upstream"), "")
    return {**no_key, "is_allowed_twin": False}


@sensitive_variables("changes")
def _change_credentials(provider: Provider, changes: dict[str, Any]) -> bool:
    """Change them if nobody did meanwhile; a send prepared for the old ones is refused."""
    same = Provider.objects.filter(pk=provider.pk, version=provider.version)
    if not same.update(version=F("version") + 1, **changes):
        return False
    ensure_leases(provider.pk)
    ProviderHealth.objects.filter(pk=provider.pk).update(
        key_refused_at=None,
        key_unreadable_at=None,
        failures=0,
        open_until=None,
        probe_until=None,
        slow_until=None,
        next_add_at=None,
    )
    ConnectionReport.objects.filter(provider=provider, ended_at=None).delete()
    return True


def _end_open_catalogs(provider: Provider, now: datetime) -> None:
    """What another address published is not to be applied here, whoever has approved it, nor does
    it tell what is offered here, whichever moment it was begun at. With one statement: between two,
    one that is approved this moment is neither held nor running."""
    is_running = When(state=RunState.RUNNING, then=Value(RunState.FAILED.value))
    open_runs = CatalogRun.objects.filter(
        provider=provider, state__in=(RunState.RUNNING, RunState.HELD)
    )
    open_runs.update(
        state=Case(is_running, default=Value(RunState.SUPERSEDED.value)),
        ended_at=now,
        step="",
        held_catalog=None,
        error=MOVED_MEANWHILE,
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
