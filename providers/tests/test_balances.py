from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import cast

import pytest

from core.clocks import database_now
from providers.account_health import AccountState, account_health
from providers.actions.accounts import set_key
from providers.actions.balances import balance_run, read_balance
from providers.actions.token_bucket import next_add
from providers.connect import client_for
from providers.models import BalanceReading, Lease, LeaseKind, Provider, ProviderHealth
from providers.panel_api import AccountRefused, Balance, PanelClient, Unavailable
from sandbox import Sandbox

pytestmark = pytest.mark.services


def read(account: Provider) -> BalanceReading | None:
    return balance_run(account, client_for, clock=database_now)


def test_every_reading_is_kept_and_the_account_repeats_the_newest(
    account: Provider, box: Sandbox
) -> None:
    assert read(account)
    box.set_balance("12.345678")
    assert read(account)
    assert [r.amount for r in BalanceReading.objects.order_by("pk")] == [1000, Decimal("12.345678")]
    row = Provider.objects.get()
    assert (row.balance, row.balance_currency) == (Decimal("12.345678"), "USD")
    health = ProviderHealth.objects.get()
    assert health.last_ok_at and health.latency_ms is not None


def test_a_balance_that_cannot_be_read_leaves_the_last_known_with_its_age(
    account: Provider, box: Sandbox
) -> None:
    read(account)
    before = Provider.objects.get().balance_at
    box.fault("wrong_types", action="balance")
    box.fault("malformed_json", action="balance")
    assert read(account) is None
    row = Provider.objects.get()
    assert (row.balance, row.balance_at) == (Decimal(1000), before)
    assert row.balance_error
    assert BalanceReading.objects.count() == 1


def test_an_odd_amount_is_no_outage(
    account: Provider, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.set_balance("1234.5")
    client = client_for(account)
    odd = client.speaking(client.dialect.changed(balance_field="no.such.field"))
    with pytest.raises(Unavailable):
        read_balance(account, odd, clock=database_now)
    assert ProviderHealth.objects.get().open_until is None
    assert Provider.objects.get().balance_error


def test_a_host_that_cannot_be_reached_closes_the_breaker(account: Provider, box: Sandbox) -> None:
    box.refuse(5)
    assert read(account) is None
    assert ProviderHealth.objects.get().open_until is not None


def test_a_balance_that_alone_fails_does_not_stop_orders(account: Provider, box: Sandbox) -> None:
    read(account)
    box.fault("http_503", action="balance")
    assert read(account) is None
    health = ProviderHealth.objects.get()
    assert (health.open_until, health.last_error != "") == (None, True)
    assert next_add(account, now=database_now()) == 0
    account = Provider.objects.for_list().get()
    assert account_health(account, now=database_now()).state is AccountState.BALANCE_UNREAD


def test_an_account_that_was_down_is_not_well_because_its_balance_fails_otherwise(
    account: Provider, box: Sandbox
) -> None:
    read(account)
    ProviderHealth.objects.update(open_until=database_now() - timedelta(seconds=1), failures=1)
    box.fault("http_503", action="balance")
    assert read(account) is None
    assert ProviderHealth.objects.get().failures == 2


def test_a_balance_that_is_read_shows_that_its_stored_key_can_be(account: Provider) -> None:
    stored = account.key_ciphertext
    account.key_ciphertext = "gAAAAA-of-another-desk"
    assert read(account) is None
    assert ProviderHealth.objects.get().key_unreadable_at is not None
    account.key_ciphertext = stored
    assert read(account)
    assert ProviderHealth.objects.get().key_unreadable_at is None


def test_a_refused_key_is_noted(account: Provider, box: Sandbox) -> None:
    from core.encryption import encrypt

    Provider.objects.update(key_ciphertext=encrypt("not-the-key-at-all"))
    account.refresh_from_db()
    assert read(account) is None
    assert ProviderHealth.objects.get().key_refused_at is not None


class Changed:
    """A client of an account that gets another key while it answers."""

    def __init__(self, account: Provider, then: Exception | None = None) -> None:
        self.account, self.then = account, then

    def balance(self) -> Balance:
        read_then = Provider.objects.get(pk=self.account.pk)
        assert set_key(read_then, "another-key-0123456789", actor=None, now=database_now())
        if self.then:
            raise self.then
        return Balance(Decimal(7), "EUR")


def test_the_balance_that_another_key_was_told_is_not_the_account_s(account: Provider) -> None:
    assert (
        balance_run(account, lambda _: cast(PanelClient, Changed(account)), clock=database_now)
        is None
    )
    row = Provider.objects.get()
    assert (row.balance, row.balance_error) == (None, "")
    assert not BalanceReading.objects.exists()
    lease = Lease.objects.get(kind=LeaseKind.BALANCE)
    assert lease.due_at is not None and lease.due_at <= database_now(), "asked with the new one"


def test_that_another_key_is_refused_says_nothing_of_the_new_one(account: Provider) -> None:
    asked = Changed(account, AccountRefused("Invalid API key"))
    assert balance_run(account, lambda _: cast(PanelClient, asked), clock=database_now) is None
    health = ProviderHealth.objects.get()
    assert (health.key_refused_at, health.open_until) == (None, None)
    assert Provider.objects.get().balance_error == ""


def test_another_currency_is_flagged(account: Provider, box: Sandbox) -> None:
    read(account)
    assert not Provider.objects.get().currency_differs
    box.fault("other_currency", action="balance")
    read(account)
    row = Provider.objects.get()
    assert row.currency_differs and row.currency == "USD"


def test_the_next_reading_is_due_in_two_minutes_and_sooner_after_a_wait(
    account: Provider, box: Sandbox
) -> None:
    read(account)
    lease = Lease.objects.get(kind=LeaseKind.BALANCE)
    assert lease.due_at is not None
    assert timedelta(seconds=110) < lease.due_at - database_now() < timedelta(seconds=121)
    until = database_now() + timedelta(seconds=30)
    ProviderHealth.objects.update(slow_until=until)
    assert read(account) is None
    lease.refresh_from_db()
    assert lease.due_at is not None and abs(lease.due_at - until) < timedelta(seconds=2)
    assert box.calls("balance") == 1


def test_no_key_and_a_key_nobody_can_read_end_quietly_and_are_shown(
    account: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    Provider.objects.update(key_ciphertext="gAAAAA-not-ours")
    account.refresh_from_db()
    assert read(account) is None
    assert "FIELD_ENCRYPTION_KEYS" in ProviderHealth.objects.get().last_error
    assert "cannot be called" in caplog.text


def test_a_balance_of_before_is_not_written_over_one_that_was_read_since(
    account: Provider, box: Sandbox
) -> None:
    """Its worker stood still with the answer, and another has asked after that."""
    client, said = client_for(account), list[Balance]()

    class Frozen:
        def balance(self) -> Balance:
            said.append(client.balance())
            box.set_balance("5")
            assert read_balance(account, client, clock=database_now)
            return said[0]

    frozen = cast(PanelClient, Frozen())
    assert read_balance(account, frozen, clock=database_now) is None
    assert Provider.objects.get().balance == 5 and BalanceReading.objects.count() == 1


@pytest.mark.parametrize("then", ["read", "failed"])
def test_an_answer_of_before_says_nothing_of_one_that_was_given_since(
    account: Provider, box: Sandbox, then: str
) -> None:
    """A failure that is written late is not the newest word, and no more is a balance."""
    client = client_for(account)
    read(account)
    box.set_balance("5")

    class Frozen:
        def balance(self) -> Balance:
            if then == "read":
                assert read_balance(account, client, clock=database_now)
                raise Unavailable("HTTP 503")
            said = client.balance()
            box.fault("malformed_json", action="balance")
            with pytest.raises(Unavailable):
                read_balance(account, client, clock=database_now)
            return said

    frozen = cast(PanelClient, Frozen())
    if then == "read":
        with pytest.raises(Unavailable):
            read_balance(account, frozen, clock=database_now)
    else:
        assert read_balance(account, frozen, clock=database_now) is None
    row = Provider.objects.get()
    assert (row.balance, row.balance_error == "") == (
        (5, True) if then == "read" else (1000, False)
    )
