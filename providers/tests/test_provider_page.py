from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.clocks import database_now
from core.roles import Role
from providers.actions.learning import FORGOTTEN
from providers.models import (
    BalanceReading,
    ConnectionReport,
    ProviderHealth,
)
from tests.builders import NOON, make_provider
from tests.one_line import one_line

from .conftest import LogIn


def test_balances_are_only_for_those_who_may_see_them(client_for_role: LogIn) -> None:
    provider = make_provider(
        balance=Decimal("4321.98"),
        balance_currency="USD",
        balance_at=NOON,
        low_balance=Decimal(9000),
    )
    BalanceReading.objects.create(provider=provider, amount=Decimal("4321.98"), read_at=NOON)
    ConnectionReport.objects.create(
        provider=provider,
        run_at=NOON,
        ended_at=NOON,
        findings=[
            {"topic": "balance", "level": "ok", "words": "It is 4321.98 USD.", "detail": ""},
            {"topic": "services", "level": "warn", "words": "Odd.", "detail": "4321.98"},
        ],
    )
    for role, sees in ((Role.VIEWER, False), (Role.OPERATOR, False), (Role.MANAGER, True)):
        browser = client_for_role(role)
        for url in (reverse("providers"), reverse("provider", args=[provider.pk])):
            page = browser.get(url).content.decode()
            assert ("321.98" in page) is sees, (role, url)


def test_a_key_is_told_apart_only_by_those_who_keep_it(client_for_role: LogIn) -> None:
    provider = make_provider(key="sesame-sesame-QQQQ")
    url = reverse("provider", args=[provider.pk])
    assert "QQQQ" in client_for_role(Role.ADMIN).get(url).content.decode()
    assert "QQQQ" not in client_for_role(Role.MANAGER).get(url).content.decode()


IN_TEN_MINUTES = "in ten minutes"  # of the database's clock, which is asked in the test


@pytest.mark.parametrize(
    ("health", "words"),
    [
        ({"key_refused_at": NOON}, "Key refused"),
        ({"open_until": NOON, "last_error": "HTML instead of JSON"}, "Not answering"),
        ({"slow_until": IN_TEN_MINUTES}, "Rate-limited"),
        ({"latency_ms": 5400.0}, "It takes 5.4 s to answer."),
        ({}, "Healthy"),
        ({"key_unreadable_at": NOON}, "Stored key cannot be read"),
        ({"funds_refused_at": NOON}, "Out of funds"),
    ],
)
def test_the_pages_say_how_a_provider_is(
    manager: Client, health: dict[str, Any], words: str
) -> None:
    provider = make_provider()
    told = {"last_ok_at": NOON, "last_error_at": NOON} | health
    if told.get("slow_until") == IN_TEN_MINUTES:
        told["slow_until"] = database_now() + timedelta(minutes=10)
    ProviderHealth.objects.filter(pk=provider.pk).update(**told)
    page = manager.get(reverse("provider", args=[provider.pk])).content.decode()
    assert words in page
    assert health.get("last_error", "") in page
    assert manager.get(reverse("providers")).status_code == 200


def test_an_unread_balance_shows_the_last_one_with_its_age(manager: Client) -> None:
    provider = make_provider(
        balance=Decimal("12.5"), balance_at=NOON, balance_error="The balance cannot be read: 'x'."
    )
    page = manager.get(reverse("provider", args=[provider.pk])).content.decode()
    assert "Could not be read" in page and "12.50" in page


def test_a_provider_without_its_rows_still_has_a_page(manager: Client) -> None:
    provider = make_provider()
    ProviderHealth.objects.all().delete()
    assert manager.get(reverse("provider", args=[provider.pk])).status_code == 200
    assert manager.get(reverse("providers")).status_code == 200


def test_the_balance_line_is_drawn_without_inline_style(manager: Client) -> None:
    provider = make_provider()
    now = database_now()
    for minute, amount in enumerate((100, 90, 120)):
        BalanceReading.objects.create(
            provider=provider, amount=amount, read_at=now - timedelta(minutes=30 - minute)
        )
    page = manager.get(reverse("provider", args=[provider.pk])).content.decode()
    assert 'points="0.0,52.0 300.0,52.0 300.0,76.0 600.0,76.0 600.0,4.0"' in page
    assert "<polygon" not in page, "no area: it would begin at the lowest balance and not at zero"
    assert "style=" not in page.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("word", ["Edit", "Key", "Hold its orders", "Pause"])
def test_each_action_has_its_word_on_a_phone_too(client_for_role: LogIn, word: str) -> None:
    browser, provider = client_for_role(Role.ADMIN), make_provider()
    page = one_line(browser.get(reverse("provider", args=[provider.pk])).content.decode())
    assert re.search(rf"</svg> ?{word} ?</a>", page), "drawn beside the icon, never hidden"


@pytest.mark.services
def test_what_was_learned_is_read_on_the_page_until_somebody_presses_forget(
    manager: Client,
) -> None:
    stays = {"json_body": True}
    provider = make_provider(dialect={**stays, "batch_size": 20, "refills": False})
    address = reverse("provider", args=[provider.pk])

    def page() -> str:
        return one_line(manager.get(address).content.decode())

    learned = ("At most 20 orders in one call.", "It does not do refills.")
    assert all(words in page() for words in (*learned, "Requests are sent as JSON."))
    forms = re.findall(r'<form[^>]* action="([^"]+)">(.*?)</form>', page())
    [pressed] = [action for action, form in forms if "Forget what it can do" in form]
    manager.post(pressed)
    after = page()
    assert not [words for words in learned if words in after]
    assert "Requests are sent as JSON." in after, "how it is spoken to stays"
    assert FORGOTTEN in after, "its history says so"
    provider.refresh_from_db()
    assert provider.dialect == stays
