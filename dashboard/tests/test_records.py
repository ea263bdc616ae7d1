"""The Django admin shows rows and changes none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from core.record_admin import NewestRows
from core.roles import Role
from orders.models import Order
from orders.status import Status
from tests.builders import make_event, make_order, make_provider, make_service, make_user
from tests.query_counts import queries_of

ForRole = Callable[[Role | None], Client]


@pytest.mark.django_db
def test_an_order_cannot_be_added_changed_or_deleted(client_for_role: ForRole) -> None:
    order, browser = make_order(Status.QUEUED), client_for_role(Role.ADMIN)
    change = reverse("admin:orders_order_change", args=[order.pk])
    delete = reverse("admin:orders_order_delete", args=[order.pk])
    refused = [
        browser.post(reverse("admin:orders_order_add"), {"status": "queued"}),
        browser.post(change, {"status": "completed"}),
        browser.post(delete, {"post": "yes"}),
    ]
    assert [response.status_code for response in refused] == [403, 403, 403]
    assert Order.objects.get().status == Status.QUEUED


@pytest.mark.django_db
def test_no_registered_model_may_be_touched(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = make_user(Role.ADMIN)
    request.user.is_superuser = True
    for records in admin.site._registry.values():
        assert not records.has_add_permission(request), records
        assert not records.has_change_permission(request), records
        assert not records.has_delete_permission(request), records


@pytest.mark.django_db
def test_every_list_and_row_is_drawn(client_for_role: ForRole) -> None:
    make_event(make_order(Status.PENDING))
    browser = client_for_role(Role.ADMIN)
    for model, records in admin.site._registry.items():
        place = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert browser.get(reverse(f"{place}_changelist")).status_code == 200, records
        if row := model._default_manager.first():
            page = browser.get(reverse(f"{place}_change", args=[row.pk]))
            assert page.status_code == 200, records


@pytest.mark.django_db
def test_a_key_or_password_is_on_no_page(client_for_role: ForRole) -> None:
    provider = make_provider(key="very-secret-key-9876")
    browser = client_for_role(Role.ADMIN)
    page = browser.get(reverse("admin:providers_provider_change", args=[provider.pk])).content
    assert b"9876" in page and provider.key_ciphertext.encode() not in page
    person = reverse("admin:core_user_change", args=[browser.session["_auth_user_id"]])
    assert b"password" not in browser.get(person).content.lower().split(b'<main id="')[-1]


@pytest.mark.django_db
def test_a_long_list_costs_what_a_short_one_costs(client_for_role: ForRole) -> None:
    browser, service = client_for_role(Role.ADMIN), make_service()
    make_order(service=service)
    short = queries_of(lambda: browser.get("/admin/orders/order/"))
    for _ in range(20):
        make_order(service=service)
    long = queries_of(lambda: browser.get("/admin/orders/order/"))
    assert len(long) == len(short)
    assert not any("COUNT(" in query and "LIMIT" not in query for query in long)


@pytest.mark.django_db
def test_only_the_newest_rows_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.record_admin.NEWEST", 2)
    service = make_service()
    for _ in range(5):
        make_order(service=service)
    assert NewestRows(Order.objects.order_by("-pk"), 50).count == 3
