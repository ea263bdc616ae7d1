"""Django's admin is not part of the desk: no page shows rows by what an address asks for."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.staticfiles.finders import find
from django.test import Client
from django.urls import get_resolver

from core.models import User
from core.roles import Role
from orders.models import Order, OrderEvent
from orders.status import Status
from tests.builders import PASSWORD, log_in, make_event, make_order, make_provider, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def browser_of(role: Role | None) -> Client:
    browser = Client(raise_request_exception=False)
    if role:
        log_in(browser, make_user(role, password=PASSWORD))
    return browser


@pytest.mark.parametrize("role", [None, *Role])
def test_no_address_below_admin_answers(role: Role | None) -> None:
    browser = browser_of(role)
    for address in (
        "",
        "login/?next=/admin/orders/",
        "password_change/",
        "jsi18n/",
        "core/user/",
        "orders/order/",
        "orders/statement/",
        "orders/attempt/",
        f"orders/order/{'9' * 30}/change/",  # SQLite takes no such number
        "orders/order/%00/change/",
    ):
        assert browser.get(f"/admin/{address}").status_code == 404, address


@pytest.mark.parametrize("page", ["core/user/", "providers/provider/", "orders/orderevent/"])
def test_a_hash_or_a_ciphertext_is_not_guessed_letter_by_letter(page: str) -> None:
    make_provider(key="very-secret-key-9876")
    browser = browser_of(Role.ADMIN)
    hashed = User.objects.values_list("password", flat=True)[0]
    for asked in (
        {"password__startswith": hashed[:10]},
        {"actor__password__regex": f"^{hashed[:3]}"},
        {"username__regex": "^(([a-z])+.)+[A-Z]([a-z])+$"},  # minutes, for a long name
        {"key_ciphertext__startswith": "gAAAA"},
        {"provider__key_ciphertext__gt": "g"},
        {"q": "\0"},
    ):
        assert browser.get(f"/admin/{page}", asked).status_code == 404, asked


def test_what_was_is_not_changed_or_taken_away_there() -> None:
    order = make_order(Status.QUEUED)
    event = make_event(order)
    browser = browser_of(Role.ADMIN)
    for row in (f"order/{order.pk}", f"orderevent/{event.pk}"):
        for step, form in (("change", {"status": "completed", "text": ""}), ("delete", {})):
            answer = browser.post(f"/admin/orders/{row}/{step}/", {**form, "post": "yes"})
            assert answer.status_code == 404
    assert Order.objects.get().status == Status.QUEUED
    assert OrderEvent.objects.filter(pk=event.pk, text=event.text).exists()


def test_nothing_of_it_is_installed_or_served() -> None:
    assert not apps.is_installed("django.contrib.admin")
    assert "admin" not in (get_resolver().namespace_dict or {})
    assert find("admin/css/base.css") is None
