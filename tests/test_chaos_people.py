"""People of `make chaos` read the real pages rightly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.roles import Role
from orders.models import OrderBatch
from providers.models import Service
from tests.builders import make_provider, make_service
from tests.chaos.browser import Page
from tests.chaos.people import fix, is_wanted, next_step

pytestmark = pytest.mark.django_db


def seen(browser: Client, path: str, **values: str) -> Page:
    answer = browser.post(path, values) if values else browser.get(path)
    return Page(answer.status_code, "", answer.content.decode())


def test_a_form_is_wanted_while_its_service_is_for_sale_as_what_it_was(
    client_for_role: Callable[[Role], Client],
) -> None:
    service = make_service(type="Default", min=1)
    browser, path = client_for_role(Role.OPERATOR), f"/orders/new/?service={service.pk}"
    form = seen(browser, path)
    assert is_wanted(form)
    values = {**form.hidden(), "link": "https://lumen.example/1", "quantity": "100"}
    Service.objects.update(rate=7)
    again = seen(browser, path, **values)
    assert again.status == 422
    fix(values, again)
    assert "7" in values["terms"] and "queue_behind" not in values
    Service.objects.update(type="Custom Comments")
    refused = seen(browser, path, **values)
    before = dict(values)
    fix(values, refused)
    assert not is_wanted(refused) and values == before
    Service.objects.update(gone_at=service.changed_at)
    assert not is_wanted(seen(browser, path))


def test_a_batch_is_pressed_on_until_every_line_is_an_order(
    client_for_role: Callable[[Role], Client],
) -> None:
    provider = make_provider()
    service = make_service(provider=provider, type="Default", min=1, gone_at=None)
    browser = client_for_role(Role.MANAGER)
    text = f"{service.external_id} | https://lumen.example/1 | 100"
    browser.post("/orders/mass-orders/new/", {"provider": provider.pk, "name": "", "text": text})
    batch = f"/orders/mass-orders/{OrderBatch.objects.get().pk}/"
    assert next_step(seen(browser, batch), batch) == f"{batch}place/"
    Service.objects.update(gone_at=service.changed_at)
    browser.post(f"{batch}check/")
    assert next_step(seen(browser, batch), batch) == f"{batch}check/"
    Service.objects.update(gone_at=None)
    browser.post(f"{batch}check/")
    shown = seen(browser, batch)
    browser.post(f"{batch}place/", shown.hidden())
    assert next_step(seen(browser, batch), batch) == batch
