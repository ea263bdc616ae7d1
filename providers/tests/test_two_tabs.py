"""Two people with a page of one account: what the second saves undoes nothing of the first."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from core.roles import Role
from providers.actions.pausing import pause_provider, resume_provider
from providers.models import Provider, Service
from tests.builders import NOON, log_in, make_provider, make_service, make_user
from tests.drawn_forms import hidden_in, hidden_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
EDIT = {"name": "North", "url": "https://north.example/api", "currency": "USD", "notes": ""}
LIMITS = {
    "calls_per_minute": "50",
    "add_spacing_ms": "1000",
    "batch_size": "100",
    "catalog_every_hours": "6",
    "low_balance": "",
    "delays": "",
    "intervals": "",
}


@pytest.fixture
def admin(client: Client) -> Client:
    log_in(client, make_user(Role.ADMIN))
    return client


@pytest.fixture
def account() -> Provider:
    return make_provider(name="North", url=EDIT["url"], catalog_every_hours=6)


def drawn(browser: Client, account: Provider, name: str) -> dict[str, str]:
    page = {"provider-edit": name, "provider-key": name, "provider-delete": "provider-edit"}
    of = reverse(page.get(name, "provider"), args=[account.pk])
    return hidden_in(browser, of, reverse(name, args=[account.pk]))


def test_a_name_saved_in_an_old_tab_moves_no_address_back(admin: Client, account: Provider) -> None:
    """It would clear the key, too, that was entered for the new address."""
    to = reverse("provider-edit", args=[account.pk])
    old = drawn(admin, account, "provider-edit")
    Provider.objects.filter(pk=account.pk).update(url="https://new.example/api", notes="moved")
    assert admin.post(to, EDIT | {"name": "North 2"} | old).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.url) == ("North 2", "https://new.example/api")
    assert account.notes == "moved" and account.key_ciphertext


def test_what_two_have_changed_is_asked_about_with_all_that_was_typed(
    admin: Client, account: Provider
) -> None:
    to = reverse("provider-limits", args=[account.pk])
    old = drawn(admin, account, "provider-limits")
    Provider.objects.filter(pk=account.pk).update(calls_per_minute=5, batch_size=10)
    typed = LIMITS | {"calls_per_minute": "60", "low_balance": "20"}
    answer = admin.post(to, typed | old)
    page = answer.content.decode()
    account.refresh_from_db()
    assert answer.status_code == 422 and "now it is “5”" in page and 'value="60"' in page
    assert (account.calls_per_minute, account.batch_size, account.low_balance) == (5, 10, None)
    again = hidden_of(answer.content.decode(), to)
    assert admin.post(to, typed | again).status_code == 302
    account.refresh_from_db()
    assert (account.calls_per_minute, account.low_balance) == (60, Decimal(20))
    assert account.batch_size == 10  # nobody but the other has touched it


def test_a_page_from_before_says_nothing_of_what_it_showed(
    admin: Client, account: Provider
) -> None:
    Provider.objects.filter(pk=account.pk).update(calls_per_minute=5)
    answer = admin.post(reverse("provider-limits", args=[account.pk]), LIMITS)
    account.refresh_from_db()
    assert answer.status_code == 422 and account.calls_per_minute == 5


def test_a_key_is_given_to_the_address_that_was_shown(admin: Client, account: Provider) -> None:
    old = drawn(admin, account, "provider-key")
    Provider.objects.filter(pk=account.pk).update(url="https://new.example/api", version=2)
    before = Provider.objects.get(pk=account.pk).key_ciphertext
    to = reverse("provider-key", args=[account.pk])
    answer = admin.post(to, {"key": "another-key-123456"} | old, follow=True)
    assert "Look again" in answer.content.decode()
    assert Provider.objects.get(pk=account.pk).key_ciphertext == before
    fresh = drawn(admin, account, "provider-key")
    admin.post(to, {"key": "another-key-123456"} | fresh)
    assert Provider.objects.get(pk=account.pk).key_ciphertext != before


def test_an_old_button_resumes_nothing_that_is_paused_for_something_else(
    admin: Client, account: Provider
) -> None:
    pause_provider(account, reason="Maintenance", now=NOON)
    old = drawn(admin, account, "provider-resume")
    resume_provider(account, now=NOON)
    pause_provider(account, reason="Takes money twice", now=NOON)
    to = reverse("provider-resume", args=[account.pk])
    assert "for something else" in admin.post(to, old, follow=True).content.decode()
    assert not Provider.objects.get(pk=account.pk).is_active
    admin.post(to, drawn(admin, account, "provider-resume"))
    assert Provider.objects.get(pk=account.pk).is_active


def test_a_style_of_refunds_that_somebody_else_chose_is_not_chosen_over(
    admin: Client, account: Provider
) -> None:
    old = drawn(admin, account, "provider-refunds")
    Provider.objects.filter(pk=account.pk).update(refund_style="apart")
    to = reverse("provider-refunds", args=[account.pk])
    answer = admin.post(to, {"refund_style": "lowered"} | old, follow=True)
    assert "chosen otherwise" in answer.content.decode()
    assert answer.redirect_chain[0][0].endswith("#refunds"), "where there is something to look at"
    assert Provider.objects.get(pk=account.pk).refund_style == "apart"


def test_an_account_that_was_changed_meanwhile_is_not_deleted(
    admin: Client, account: Provider
) -> None:
    old = drawn(admin, account, "provider-delete")
    Provider.objects.filter(pk=account.pk).update(version=2)
    to = reverse("provider-delete", args=[account.pk])
    assert "look once more" in admin.post(to, old, follow=True).content.decode()
    assert Provider.objects.filter(pk=account.pk).exists()
    admin.post(to, drawn(admin, account, "provider-delete"))
    assert not Provider.objects.filter(pk=account.pk).exists()


def test_an_order_form_that_somebody_else_chose_is_asked_about(admin: Client) -> None:
    """A package is bought by another price than a thousand units."""
    service = make_service(published_type="Default", type="Default")
    page, to = (reverse(name, args=[service.pk]) for name in ("service", "service-type"))
    old = hidden_in(admin, page, to)
    Service.objects.update(chosen_type="Package", type="Package")
    answer = admin.post(to, {"type": "Poll"} | old)
    assert answer.status_code == 422 and "was changed since" in answer.content.decode()
    assert Service.objects.get().chosen_type == "Package"
    again = admin.post(to, {"type": "Poll"} | hidden_of(answer.content.decode(), to))
    assert again["Location"] == page
    assert Service.objects.get().chosen_type == "Poll"
