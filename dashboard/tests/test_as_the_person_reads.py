"""Times and numbers follow the person; days, files and what is written down do not."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from core.regional.numbers import grouped
from core.roles import Role
from orders.models import BatchLine, Order
from orders.status import Status
from providers.models import Service
from tests.builders import NOON, log_in, make_order, make_service, make_user, terms_shown

pytestmark = [pytest.mark.django_db, pytest.mark.services]

AS_THE_DESK = {"theme": "dark", "density": "dense", "time_zone": "", "numbers": "point"}
ABROAD = AS_THE_DESK | {"time_zone": "Asia/Kathmandu", "numbers": "comma"}


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.OPERATOR)


def order_form(service: Service, **over: str) -> dict[str, Any]:
    fresh = {"service": service.pk, "form_key": uuid.uuid4(), "link": "https://example.com/a"}
    return {**fresh, "quantity": "1000", "terms": terms_shown(service), **over}


def test_times_and_numbers_are_shown_as_the_person_reads_them(staff: Client) -> None:
    staff.post("/profile/", ABROAD)
    service = make_service(rate=Decimal("1234.5"), min=1000, max=250_000)
    order = make_order(Status.COMPLETED, service=service, created_at=NOON, units=2500)
    part = {"HX-Request": "true"}
    for address in ("/orders/", f"/orders/{order.pk}/"):
        for headers in ({}, part):
            page = staff.get(address, headers=headers).content.decode()
            assert "23 Nov 2026, 17:45:00 +0545" in page, (address, headers)  # noon in UTC
            assert "2.500" in page and "2,500" not in page
    page = staff.get(f"/orders/new/?service={service.pk}").content.decode()
    assert "1.000 to 250.000." in page and "$1.234,50" in page and "Asia/Kathmandu" in page
    assert 'data-numbers="de-DE"' in page


def test_the_next_request_is_answered_as_its_own_person_reads(staff: Client) -> None:
    make_order(Status.COMPLETED, created_at=NOON, units=2500)
    staff.post("/profile/", ABROAD)
    staff.get("/orders/")
    other = Client()
    log_in(other, make_user(Role.OPERATOR))
    page = other.get("/orders/").content.decode()
    assert "12:00:00 UTC" in page and "2,500" in page
    assert (grouped(1000), timezone.get_current_timezone_name()) == ("1,000", "UTC")


def test_a_start_is_typed_in_the_zone_of_the_person(staff: Client) -> None:
    staff.post("/profile/", ABROAD)
    start = (timezone.now() + timedelta(days=2)).replace(hour=20, minute=0, second=0, microsecond=0)
    typed = start.astimezone(ZoneInfo("Asia/Kathmandu")).strftime("%Y-%m-%dT%H:%M")
    staff.post("/orders/new/", order_form(make_service(), starts_at=typed, zone="Asia/Kathmandu"))
    order = Order.objects.get()
    assert order.starts_at == start
    assert order.spend_day == start.date()  # of the desk, which limits count by


@pytest.mark.parametrize("written", ["1,000", "1.000"])
def test_a_quantity_that_may_be_another_is_not_ordered(staff: Client, written: str) -> None:
    staff.post("/profile/", ABROAD)
    answer = staff.post("/orders/new/", order_form(make_service(), quantity=written))
    assert answer.status_code == 422 and not Order.objects.exists()
    assert written in answer.content.decode()


def test_a_mass_order_is_read_and_told_alike_whoever_pastes_it() -> None:
    manager = Client()
    log_in(manager, make_user(Role.MANAGER))
    manager.post("/profile/", ABROAD)
    service = make_service(min=2000)
    manager.post(
        "/orders/mass-orders/new/", {"text": f"{service.external_id}|https://example.com/a|1"}
    )
    (problem,) = BatchLine.objects.get().problems
    assert "Minimum is 2,000." in str(problem)


def test_an_exported_file_is_the_same_for_everybody(staff: Client) -> None:
    make_order(Status.COMPLETED, created_at=NOON, units=2500, charge=Decimal("1234.5"))
    files = []
    for chosen in (AS_THE_DESK, ABROAD):
        staff.post("/profile/", chosen)
        files.append(staff.get("/orders/export/").getvalue())
    assert files[0] == files[1] and b"1234.5" in files[0] and b"12:00:00" in files[0]
