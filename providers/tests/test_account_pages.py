from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.encryption import decrypt
from core.roles import Role
from providers import tasks
from providers.models import (
    CatalogRun,
    ConnectionReport,
    Provider,
    ProviderEvent,
    ProviderHealth,
)
from sandbox import DEMO_KEY, Sandbox
from tests.builders import make_provider
from tests.drawn_forms import send

from .conftest import Bells, LogIn

KEY = "typed-key-000011112222"


def wanted(**over: Any) -> dict[str, Any]:
    return {
        "name": "Harbor",
        "url": "https://panel.example/api/v2",
        "key": KEY,
        "currency": "usd",
    } | over


def test_adding_a_provider_keeps_it_and_checks_its_connection(admin: Client, rung: Bells) -> None:
    answer = admin.post(reverse("provider-new"), wanted())
    provider = Provider.objects.get()
    assert answer.headers["Location"] == reverse("provider", args=[provider.pk])
    assert (provider.name, provider.currency) == ("Harbor", "USD")
    assert decrypt(provider.key_ciphertext) == KEY
    assert rung == [("providers.examine", {"report_id": ConnectionReport.objects.get().pk})]


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("url", "http://panel.example/api", "https://"),
        ("url", "https://127.0.0.1/api", "not an IP address"),
        ("url", "https://me:secret@panel.example/", "user name or password"),
        ("url", "https://panel.example/api?key=abc", "Leave the key out"),
        ("url", "https://panel.example:8443/api", "DESK_PROVIDER_PORTS"),
        ("url", "javascript:alert(1)", "address"),
        ("key", "short", "at least 8"),
        ("key", "schlüssel-schlüssel", "plain letters"),
        ("key", "sesame sesame-sesame", "There is a space in this key"),
        ("key", "sesame\tsesame", "There is a space in this key"),
        ("key", "sesame\N{NO-BREAK SPACE}sesame", "There is a space in this key"),
        ("key", " " * 12, "Fill this in"),
        ("name", "", "Fill this in"),
        ("currency", "$$", "three letters"),
        ("currency", "dollars", "A currency is a code of three letters"),
        ("currency", "U1D", "A currency is a code of three letters"),
    ],
)
def test_a_mistake_comes_back_beside_its_field_with_what_was_typed_but_never_the_key(
    admin: Client, field: str, typed: str, words: str
) -> None:
    answer = admin.post(reverse("provider-new"), wanted(**{field: typed}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "is-invalid" in page
    assert KEY not in page and "schl" not in page
    assert 'value="https://panel.example/api/v2"' in page or field == "url"
    assert not Provider.objects.exists()
    assert ("Type the key once more" in page) is (field != "key")


@pytest.mark.parametrize(
    "around", [" ", "\t", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}", "\r\n"]
)
def test_a_key_is_kept_without_what_a_copy_brings_along(
    admin: Client, rung: Bells, around: str
) -> None:
    admin.post(reverse("provider-new"), wanted(key=f"{around}{KEY}{around}"))
    assert decrypt(Provider.objects.get().key_ciphertext) == KEY


def test_two_providers_do_not_share_a_name(admin: Client) -> None:
    make_provider(name="harbor")
    answer = admin.post(reverse("provider-new"), wanted())
    assert answer.status_code == 422
    assert "Another provider has this name." in answer.content.decode()


def test_from_adding_to_a_catalog_at_a_real_provider(
    admin: Client, box: Sandbox, rung: Bells
) -> None:
    admin.post(reverse("provider-new"), wanted(url=box.url, key=DEMO_KEY))
    provider = Provider.objects.get()
    url = reverse("provider", args=[provider.pk])
    page = admin.get(url).content.decode()
    assert "Waiting for a worker" in page and 'hx-trigger="every 1500ms"' in page
    tasks.check_connection(report_id=rung[0][1]["report_id"])
    tasks.read_balance(provider_id=provider.pk)
    page = admin.get(url).content.decode()
    assert "60 services can be read." in page
    assert "The key is accepted." in page
    assert "1,000.00" in page
    assert "every 1500ms" not in page


def test_a_wrong_key_is_said_plainly_and_nothing_is_lost(
    admin: Client, box: Sandbox, rung: Bells
) -> None:
    admin.post(reverse("provider-new"), wanted(url=box.url))
    tasks.check_connection(report_id=rung[0][1]["report_id"])
    provider = Provider.objects.get()
    page = admin.get(reverse("provider", args=[provider.pk])).content.decode()
    assert "Key refused" in page and "Enter the key" in page
    send(admin, reverse("provider-key", args=[provider.pk]), {"key": DEMO_KEY})
    tasks.check_connection(report_id=rung[-1][1]["report_id"])
    page = admin.get(reverse("provider", args=[provider.pk])).content.decode()
    assert "Key refused" not in page and "Healthy" in page


def test_the_key_is_in_no_page_event_or_log_line(
    admin: Client,
    box: Sandbox,
    rung: Bells,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    box.fault("error_reply", action="services", reason=f"we know {DEMO_KEY} well")
    admin.post(reverse("provider-new"), wanted(url=box.url, key=DEMO_KEY))
    provider = Provider.objects.get()
    tasks.check_connection(report_id=rung[0][1]["report_id"])
    tasks.read_balance(provider_id=provider.pk)
    ProviderHealth.objects.update(open_until=None, slow_until=None)
    tasks.mirror(provider_id=provider.pk)
    pages = [
        admin.get(reverse(name, args=[provider.pk])).content.decode()
        for name in ("provider", "provider-edit", "provider-key", "provider-pause")
    ]
    pages.append(admin.get(reverse("providers")).content.decode())
    run = CatalogRun.objects.get()
    pages.append(admin.get(reverse("catalog-run", args=[run.pk])).content.decode())
    rows = str(
        [
            *ProviderEvent.objects.values(),
            *ProviderHealth.objects.values(),
            *ConnectionReport.objects.values(),
            *CatalogRun.objects.values(),
            *rung,
        ]
    )
    assert "[key]" in rows
    for seen in (*pages, rows, caplog.text):
        assert DEMO_KEY not in seen
    assert DEMO_KEY[-4:] in pages[2]


def test_another_address_warns_and_clears_the_key(admin: Client) -> None:
    provider = make_provider(name="Harbor")
    url = reverse("provider-edit", args=[provider.pk])
    assert "clears the key" in admin.get(url).content.decode()
    answer = send(
        admin,
        url,
        {
            "name": "Harbor",
            "url": "https://other.example/api",
            "currency": "EUR",
            "notes": "Ask Kim.",
        },
    )
    provider.refresh_from_db()
    assert not provider.has_key
    assert (provider.url, provider.currency) == ("https://other.example/api", "EUR")
    assert "key cleared" in answer.content.decode()


def test_a_currency_of_before_that_is_no_code_stays_until_it_is_changed(admin: Client) -> None:
    provider = make_provider(name="Harbor", url="https://panel.example/api", currency="DOLLARS")
    same = {"name": "Harbor West", "url": provider.url, "currency": "DOLLARS", "notes": ""}
    url = reverse("provider-edit", args=[provider.pk])
    assert send(admin, url, same).redirect_chain
    assert send(admin, url, same | {"currency": "EUROS"}).status_code == 422
    provider.refresh_from_db()
    assert (provider.name, provider.currency) == ("Harbor West", "DOLLARS")


def test_the_name_of_a_new_provider_has_the_keys(admin: Client) -> None:
    page = admin.get(reverse("provider-new")).content.decode()
    name = page[page.index('name="name"') :]
    assert page.count("autofocus") == 1 and "autofocus" in name[: name.index(">")]


def test_an_edit_that_moves_nothing_keeps_the_key(admin: Client) -> None:
    provider = make_provider(name="Harbor", url="https://panel.example/api")
    send(
        admin,
        reverse("provider-edit", args=[provider.pk]),
        {
            "name": "Harbor West",
            "url": "https://panel.example/api",
            "currency": "USD",
            "notes": "",
        },
    )
    provider.refresh_from_db()
    assert provider.has_key and provider.name == "Harbor West"


def test_limits_are_saved_and_mistakes_come_back(manager: Client) -> None:
    provider = make_provider()
    url = reverse("provider-limits", args=[provider.pk])
    typed = {
        "calls_per_minute": "120",
        "add_spacing_ms": "500",
        "batch_size": "50",
        "catalog_every_hours": "12",
        "low_balance": "25.5",
    }
    page = reverse("provider", args=[provider.pk])
    assert send(manager, url, typed, page=page).redirect_chain
    provider.refresh_from_db()
    assert (provider.calls_per_minute, provider.low_balance) == (120, Decimal("25.5"))
    answer = send(manager, url, typed | {"batch_size": "101", "low_balance": "-1"}, page=page)
    drawn = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="101"' in drawn and "Maximum is 100" in drawn
    provider.refresh_from_db()
    assert provider.batch_size == 50


def test_minutes_a_provider_takes_are_kept_in_order(manager: Client) -> None:
    provider = make_provider()
    url = reverse("provider-limits", args=[provider.pk])
    limits = {
        "calls_per_minute": "30",
        "add_spacing_ms": "1000",
        "batch_size": "100",
        "catalog_every_hours": "6",
    }
    typed = limits | {"delays": " 30,5, 0,5", "intervals": "15"}
    there = reverse("provider", args=[provider.pk])
    page = send(manager, url, typed, page=there).content.decode()
    assert "delays of subscriptions, minutes nothing → 0, 5, 30" in page
    provider.refresh_from_db()
    assert (provider.delays, provider.intervals) == ("0, 5, 30", "15")
    assert provider.allowed_minutes("delays") == (0, 5, 30)
    send(manager, url, limits, page=there)
    provider.refresh_from_db()
    assert provider.allowed_minutes("delays") == provider.allowed_minutes("intervals") == ()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("5,,10", "“” is not a whole number"),
        ("5;10", "“5;10” is not a whole number"),
        ("-5", "“-5” is not a whole number"),
        ("1.5", "“1.5” is not a whole number"),
        ("٥", "“٥” is not a whole number"),
        ("<b>", "“&lt;b&gt;” is not a whole number"),
        ("525601", "more minutes than a year has"),
        (",".join(map(str, range(1000, 1100))), "at most 300 characters"),
        (",".join(map(str, range(100, 170))), "too long to be kept"),
    ],
)
def test_what_are_no_minutes_comes_back(manager: Client, typed: str, words: str) -> None:
    provider = make_provider(delays="5")
    url = reverse("provider-limits", args=[provider.pk])
    limits = {"calls_per_minute": "30", "add_spacing_ms": "1000", "batch_size": "100"}
    answer = manager.post(url, limits | {"catalog_every_hours": "6", "delays": typed})
    assert answer.status_code == 422 and words in answer.content.decode()
    provider.refresh_from_db()
    assert provider.delays == "5"


def test_who_may_not_change_limits_still_sees_the_minutes(client_for_role: LogIn) -> None:
    provider = make_provider(delays="0, 45")
    page = client_for_role(Role.VIEWER).get(reverse("provider", args=[provider.pk]))
    assert "0, 45" in page.content.decode() and "any" in page.content.decode()


def test_pausing_wants_a_reason_and_resuming_takes_it_back(manager: Client) -> None:
    provider = make_provider()
    pause = reverse("provider-pause", args=[provider.pk])
    assert manager.post(pause, {"reason": ""}).status_code == 422
    page = manager.post(pause, {"reason": "Prices under review"}, follow=True).content.decode()
    assert "Paused: " in page and "Prices under review" in page
    there = reverse("provider", args=[provider.pk])
    send(manager, reverse("provider-resume", args=[provider.pk]), {}, page=there)
    provider.refresh_from_db()
    assert provider.is_active and provider.paused_reason == ""


@pytest.mark.parametrize("name", ["provider-check", "provider-balance", "provider-mirror"])
def test_asking_twice_is_asking_once(manager: Client, rung: Bells, name: str) -> None:
    provider = make_provider()
    for _ in range(2):
        manager.post(reverse(name, args=[provider.pk]))
    assert len(rung) == 2 and rung[0] == rung[1]
    assert ConnectionReport.objects.count() + CatalogRun.objects.count() <= 1


def test_an_empty_order_is_sent_only_where_somebody_asked_for_that(
    manager: Client, rung: Bells
) -> None:
    plain, thorough = make_provider(), make_provider()
    manager.post(reverse("provider-check", args=[plain.pk]))
    manager.post(reverse("provider-check", args=[thorough.pk]), {"with_empty_order": "1"})
    asked = ConnectionReport.objects.values_list("provider_id", "with_empty_order")
    assert dict(asked) == {plain.pk: False, thorough.pk: True} and len(rung) == 2


def test_what_needs_a_key_says_so_without_one(manager: Client, rung: Bells) -> None:
    provider = make_provider(key="")
    for name in ("provider-balance", "provider-mirror"):
        page = manager.post(reverse(name, args=[provider.pk]), follow=True).content.decode()
        assert "has no key" in page
    assert rung == []


def test_a_balance_that_is_read_on_request_is_said_to_be_asked_for(
    manager: Client, rung: Bells
) -> None:
    address = reverse("provider-balance", args=[make_provider().pk])
    assert "The balance is being read" in manager.post(address, follow=True).content.decode()
    assert len(rung) == 1
