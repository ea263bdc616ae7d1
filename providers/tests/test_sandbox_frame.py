"""Nobody takes the sandbox for money, nor money for the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from core.roles import Role
from providers.models import Provider
from providers.sandbox_address import SandboxScope, is_sandbox_address
from tests.builders import make_batch, make_order, make_provider, make_service
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

AT_SANDBOX = "http://127.0.0.1:8711/api/v2"
NO_MONEY = "no real money"
MIXED = "Sandbox and real providers."
MARK = "sandbox-mark"


@pytest.fixture(autouse=True)
def sandbox_runs(settings: Settings) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:8711"


@pytest.fixture
def admin(client_for_role: Callable[[Role | None], Client]) -> Client:
    return client_for_role(Role.ADMIN)


def page(browser: Client, address: str) -> str:
    return browser.get(address).content.decode()


@pytest.mark.parametrize(
    ("url", "is_sandbox"),
    [
        (AT_SANDBOX, True),
        ("http://127.0.0.1:8711/other", True),
        ("http://127.0.0.1:8712/api/v2", False),
        ("https://127.0.0.1:8711/api/v2", False),
        ("https://127.0.0.1:8711.example/api/v2", False),
        ("https://panel.example/?at=http://127.0.0.1:8711", False),
        ("not an address", False),
        ("", False),
    ],
)
def test_only_the_address_of_our_sandbox_is_the_sandbox(url: str, is_sandbox: bool) -> None:
    assert is_sandbox_address(url) is is_sandbox


@pytest.mark.parametrize("configured", ["", "not an address"])
def test_without_a_sandbox_nothing_is_one_and_nothing_is_asked(
    configured: str, settings: Settings, django_assert_num_queries: Callable[[int], Any]
) -> None:
    settings.SANDBOX_URL = configured
    make_provider(url=AT_SANDBOX)
    assert not is_sandbox_address(AT_SANDBOX) and not is_sandbox_address("not an address")
    with django_assert_num_queries(1 if configured else 0):
        assert Provider.objects.sandbox_scope() == SandboxScope.NONE


def test_a_desk_of_the_sandbox_alone_says_so_on_every_page(admin: Client) -> None:
    order = make_order(provider=make_provider(url=AT_SANDBOX))
    batch = make_batch(provider=order.provider)
    for address in (
        "/",
        "/orders/",
        f"/orders/{order.pk}/",
        "/orders/new/",
        f"/orders/new/?service={order.service_id}",
        "/orders/mass-orders/new/",
        f"/orders/mass-orders/{batch.pk}/",
        "/providers/",
        f"/providers/{order.provider_id}/",
    ):
        drawn = page(admin, address)
        assert drawn.count('class="sandbox-strip"') == 1, address
        assert "real money" in drawn and MIXED not in drawn and MARK not in drawn, address


def test_beside_real_providers_only_what_is_the_sandbox_is_called_so(admin: Client) -> None:
    play = make_order(provider=make_provider(url=AT_SANDBOX))
    real = make_order(provider=make_provider())
    batch = make_batch(provider=play.provider)  # its lines may name another one
    for order, is_play in ((play, True), (real, False)):
        for address in (
            f"/orders/{order.pk}/",
            f"/orders/new/?service={order.service_id}",
            f"/providers/{order.provider_id}/",
            f"/services/{order.service_id}/",
        ):
            drawn = page(admin, address)
            assert ("sandbox-strip" in drawn, NO_MONEY in drawn) == (is_play, is_play), address
    for address in ("/", "/orders/", "/providers/", "/services/"):
        drawn = page(admin, address)
        assert NO_MONEY not in drawn and drawn.count(f'{MARK}"') == 1, address
    for address in ("/orders/new/", "/orders/mass-orders/new/", f"/orders/mass-orders/{batch.pk}/"):
        drawn = page(admin, address)
        assert MIXED in drawn and 'class="sandbox-strip is-mixed"' in drawn, address
    assert page(admin, "/orders/new/?q=visits").count(f'{MARK}"') == 1


@pytest.mark.parametrize("who", ["real", "nobody"])
def test_a_desk_without_the_sandbox_says_nothing_of_it(admin: Client, who: str) -> None:
    if who == "real":
        make_service()
    for address in ("/", "/orders/new/", "/orders/mass-orders/new/", "/providers/"):
        assert "sandbox-strip" not in page(admin, address), address


def test_it_costs_one_query_however_many_rows_and_none_in_production(
    admin: Client, settings: Settings
) -> None:
    for _ in range(3):
        make_order(provider=make_provider(url=AT_SANDBOX))
    make_order()
    with_it = queries_of(lambda: admin.get("/orders/"))
    settings.SANDBOX_URL = ""
    assert len(queries_of(lambda: admin.get("/orders/"))) == len(with_it) - 1
