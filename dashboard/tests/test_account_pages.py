"""Whatever an account is like, the overview, both pages of providers and those of orders agree."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from core.clocks import database_now
from core.roles import Role
from orders.status import Status
from providers.account_health import AccountHealth, AccountState
from providers.models import Provider, ProviderHealth, ProviderState
from tests.builders import NOON, make_order, make_provider, make_service
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]
SOON = "in a minute"  # of the database's clock, which is asked in the test
OF_PROVIDER: dict[AccountState, dict[str, Any]] = {
    AccountState.NO_KEY: {"key_ciphertext": ""},
    AccountState.PAUSED: {"state": ProviderState.PAUSED},
    AccountState.MOVED: {"moved_at": NOON},
    AccountState.BALANCE_UNREAD: {"balance_error": "It is gone."},
}
OF_HEALTH: dict[AccountState, dict[str, Any]] = {
    AccountState.KEY_UNREADABLE: {"key_unreadable_at": NOON},
    AccountState.KEY_REFUSED: {"key_refused_at": NOON},
    AccountState.NEVER_CALLED: {"last_ok_at": None},
    AccountState.DOWN: {"open_until": SOON, "last_error": "HTML instead of JSON"},
    AccountState.OUT_OF_FUNDS: {"funds_refused_at": NOON},
    AccountState.RATE_LIMITED: {"slow_until": SOON},
    AccountState.SLOW: {"latency_ms": 8000.0},
    AccountState.SLOWED: {"pace": 0.5},
}
LABELS = {AccountHealth(state).label for state in AccountState}


def cell(page: str, name: str, label: str) -> str:
    """What stands under this head beside the provider of this name."""
    [row] = [row for row in page.split("<tr>") if f"{name}</bdi></a>" in row]
    [told] = re.findall(rf'<td data-label="{label}".*?</td>', row)
    return str(told)


def labels_in(part: str) -> set[str]:
    return {text for text in re.findall(r">([^<]+)<", part) if text in LABELS}


@pytest.mark.parametrize("state", list(AccountState))
def test_every_page_says_the_same_of_an_account(
    state: AccountState, client_for_role: Callable[[Role], Client]
) -> None:
    cache.clear()
    account = make_provider(name="Lumen")
    order = make_order(Status.QUEUED, provider=account, service=make_service(account))
    seen: dict[str, Any] = {"last_ok_at": NOON} | OF_HEALTH.get(state, {})
    soon = database_now() + timedelta(minutes=1)
    seen = {name: soon if one == SOON else one for name, one in seen.items()}
    ProviderHealth.objects.filter(pk=account.pk).update(**seen)
    if of_provider := OF_PROVIDER.get(state):
        Provider.objects.filter(pk=account.pk).update(**of_provider)

    expected, browser = AccountHealth(state), client_for_role(Role.MANAGER)

    def page(address: str) -> str:
        return one_line(browser.get(address).content.decode())

    overview, own = page("/"), page(f"/providers/{account.pk}/")
    assert labels_in(cell(overview, "Lumen", "State")) == {expected.label}
    assert labels_in(cell(page("/providers/"), "Lumen", "Connection")) == {expected.label}
    assert labels_in("".join(re.findall(r'<div class="kpi-figure">[^<]*<', own))) == {
        expected.label
    }
    assert (f"Lumen: {expected.label.lower()}" in overview) is expected.stops_orders
    assert (f'<h2 class="alert-title">{expected.label}</h2>' in own) is expected.is_trouble
    for address in ("/orders/", f"/orders/{order.pk}/"):
        waits = re.findall(r'data-account="(\w+)"', page(address))
        assert set(waits) == ({str(state)} if expected.keeps_orders else set()), address
