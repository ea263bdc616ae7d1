from __future__ import annotations

import logging
from decimal import Decimal

import pytest

from core.encryption import decrypt
from core.roles import Role
from providers.actions.accounts import add_provider, change_address, change_settings, set_key
from providers.actions.pausing import pause_provider, resume_provider
from providers.connect import NoKey, client_for
from providers.models import (
    CatalogRun,
    Lease,
    Provider,
    ProviderEvent,
    ProviderHealth,
    ProviderState,
    RunState,
)
from tests.builders import NOON, make_run, make_user

KEY = "k3y-of-northwind-0123456789"


def history(provider: Provider) -> list[str]:
    return [event.text for event in provider.events.order_by("pk")]


@pytest.fixture
def provider(db: None) -> Provider:
    return add_provider(
        name="Northwind",
        url="https://panel.example/api/v2",
        key=KEY,
        currency="USD",
        actor=make_user(Role.ADMIN),
        now=NOON,
    )


def test_a_new_account_is_ready_to_be_called(provider: Provider) -> None:
    assert decrypt(provider.key_ciphertext) == KEY
    assert KEY not in provider.key_ciphertext
    assert (provider.key_last4, len(provider.key_fingerprint)) == ("6789", 16)
    assert ProviderHealth.objects.filter(pk=provider.pk).exists()
    due = dict(Lease.objects.values_list("kind", "due_at"))
    by_need = dict.fromkeys(("placing", "following", "requests", "refills", "recovery", "ended"))
    assert due == {**by_need, "balance": NOON, "catalog": NOON}
    assert history(provider) == ["Added."]


def test_an_account_without_a_key_is_kept_but_cannot_be_called(db: None) -> None:
    provider = add_provider(
        name="Northwind",
        url="https://panel.example/api/v2",
        key="",
        currency="USD",
        actor=None,
        now=NOON,
    )
    with pytest.raises(NoKey):
        client_for(provider)


def test_another_address_clears_the_key_and_what_was_learned_there(provider: Provider) -> None:
    Provider.objects.update(dialect={"json_body": True})
    ProviderHealth.objects.update(key_refused_at=NOON, open_until=NOON, failures=3)
    held = make_run(provider, state=RunState.HELD, held_catalog=b"x")
    before = provider.version
    assert change_address(provider, "https://other.example/api", actor=None, now=NOON)
    provider.refresh_from_db()
    assert (provider.has_key, provider.key_last4, provider.key_fingerprint) == (False, "", "")
    assert (provider.version, provider.dialect) == (before + 1, {})
    assert ProviderHealth.objects.get().open_until is None
    assert CatalogRun.objects.get(pk=held.pk).state == RunState.SUPERSEDED


def test_the_same_address_keeps_the_key(provider: Provider) -> None:
    assert not change_address(provider, provider.url, actor=None, now=NOON)
    assert Provider.objects.get().has_key
    assert history(provider) == ["Added."]


def test_a_new_key_raises_the_version_and_clears_the_refusal(provider: Provider) -> None:
    ProviderHealth.objects.update(key_refused_at=NOON, open_until=NOON)
    before = (provider.version, provider.key_fingerprint)
    assert set_key(provider, "another-key-9876543210", actor=None, now=NOON)
    assert provider.version == before[0] + 1
    assert provider.key_fingerprint != before[1]
    assert ProviderHealth.objects.get().key_refused_at is None


def test_of_two_people_who_change_credentials_at_once_one_is_told(provider: Provider) -> None:
    other = Provider.objects.get(pk=provider.pk)
    assert set_key(provider, "another-key-9876543210", actor=None, now=NOON)
    assert not change_address(other, "https://evil.example/api", actor=None, now=NOON)
    assert not set_key(other, "third-key-0000000000", actor=None, now=NOON)
    assert Provider.objects.get().url == "https://panel.example/api/v2"


def test_a_short_key_shows_nothing_of_itself(provider: Provider) -> None:
    set_key(provider, "12345678", actor=None, now=NOON)
    assert provider.key_last4 == ""


def test_no_key_in_events_reprs_or_errors(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    set_key(provider, "another-key-9876543210", actor=None, now=NOON)
    client = client_for(provider)
    seen = [*history(provider), repr(client), str(vars(client)), repr(provider), caplog.text]
    assert not any("another-key" in text or KEY in text for text in seen)


def test_changed_settings_are_said_and_unchanged_ones_are_not(provider: Provider) -> None:
    said = change_settings(
        provider,
        {
            "batch_size": 50,
            "calls_per_minute": provider.calls_per_minute,
            "low_balance": Decimal("12.50"),
            "url": "x",
        },
        actor=None,
        now=NOON,
    )
    assert said == ["orders in one status call 100 → 50", "warn below nothing → 12.5"]
    row = Provider.objects.get()
    assert (row.batch_size, row.low_balance) == (50, Decimal("12.50"))
    assert row.url == "https://panel.example/api/v2"
    assert change_settings(row, {"batch_size": 50}, actor=None, now=NOON) == []
    assert len(history(provider)) == 2


def test_pausing_twice_is_pausing_once(provider: Provider) -> None:
    assert pause_provider(provider, reason="Invoice is open", now=NOON)
    assert not pause_provider(provider, reason="Again", now=NOON)
    row = Provider.objects.get()
    assert (row.state, row.paused_reason) == (ProviderState.PAUSED, "Invoice is open")
    assert resume_provider(provider, now=NOON)
    assert not resume_provider(provider, now=NOON)
    assert history(provider)[1:] == ["Paused: Invoice is open", "Resumed."]


def test_history_is_added_to_never_edited(provider: Provider) -> None:
    event = ProviderEvent.objects.get()
    event.text = "Nothing happened."
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()


def test_staff_may_ask_for_smaller_batches_than_the_dialect_allows(provider: Provider) -> None:
    provider.batch_size = 40
    assert client_for(provider).dialect.batch_size == 40
