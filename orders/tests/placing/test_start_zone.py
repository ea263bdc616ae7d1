"""A start is the moment that the form has shown: its "Time zone: …" is part of what was typed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from core.roles import Role
from dashboard.tests.test_as_the_person_reads import AS_THE_DESK
from orders.models import Order
from tests.builders import make_service, terms_shown
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]
ZONES = ["America/New_York", "Asia/Kathmandu"]


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.OPERATOR)


def in_two_days() -> datetime:
    there = timezone.now() + timedelta(days=2)
    return there.replace(hour=20, minute=0, second=0, microsecond=0)


def drawn(staff: Client, start: datetime | None) -> dict[str, Any]:
    service = make_service()
    page = staff.get(f"/orders/new/?service={service.pk}").content.decode()
    assert "Time zone: UTC" in page and 'name="zone" value="UTC"' in page
    form: dict[str, Any] = {"service": service.pk, "form_key": uuid.uuid4(), "quantity": "1000"}
    form |= {"link": "https://example.com/a", "terms": terms_shown(service), "zone": "UTC"}
    return form | {"starts_at": f"{start:%Y-%m-%dT%H:%M}" if start else ""}


def in_another_tab(staff: Client, zone: str) -> None:
    staff.post("/profile/", AS_THE_DESK | {"time_zone": zone})


@pytest.mark.parametrize("zone", ZONES)
def test_a_start_typed_before_the_zone_was_changed_in_another_tab_is_no_other_moment(
    staff: Client, zone: str
) -> None:
    start = in_two_days()
    form = drawn(staff, start)
    in_another_tab(staff, zone)
    answer = staff.post("/orders/new/", form)
    assert answer.status_code == 422 and not Order.objects.exists()
    page = one_line(answer.content.decode())
    assert f"a time of UTC, and your time zone is {zone} by now" in page
    assert f'value="{form["starts_at"]}"' in page and f'name="zone" value="{zone}"' in page
    assert staff.post("/orders/new/", form | {"zone": zone}).status_code == 302
    assert Order.objects.get().starts_at == start.replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize("said", [{}, {"zone": ""}, {"zone": "Nowhere"}], ids=str)
def test_a_page_that_named_no_zone_is_asked_once(staff: Client, said: dict[str, str]) -> None:
    """Drawn before the desk was upgraded, or a draft of then."""
    start = in_two_days()
    form = drawn(staff, start)
    del form["zone"]
    answer = staff.post("/orders/new/", form | said)
    assert answer.status_code == 422 and not Order.objects.exists()
    page = one_line(answer.content.decode())
    assert "did not say in which time zone the start is. Yours is UTC" in page
    assert 'name="zone" value="UTC"' in page
    assert staff.post("/orders/new/", form | {"zone": "UTC"}).status_code == 302
    assert Order.objects.get().starts_at == start


def test_the_zone_of_the_desk_may_have_an_older_name(staff: Client) -> None:
    form = drawn(staff, in_two_days()) | {"zone": "US/Eastern"}
    page = staff.post("/orders/new/", form).content.decode()
    assert "a time of US/Eastern, and your time zone is UTC by now" in one_line(page)


def test_a_form_without_a_start_is_not_asked(staff: Client) -> None:
    form = drawn(staff, None)
    in_another_tab(staff, ZONES[0])
    assert staff.post("/orders/new/", form).status_code == 302
    assert Order.objects.get().starts_at is None


def test_a_form_that_was_sent_before_is_known_by_the_moment_that_it_showed(staff: Client) -> None:
    start = in_two_days()
    form = drawn(staff, start)
    staff.post("/orders/new/", form)
    in_another_tab(staff, ZONES[1])
    order = Order.objects.get()
    again = staff.post("/orders/new/", form, follow=True)
    assert f"it is order {order}, placed once" in one_line(again.content.decode())
    later = form | {"starts_at": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M}"}
    answer = staff.post("/orders/new/", later)
    assert answer.status_code == 422 and "with other values" in one_line(answer.content.decode())
    assert Order.objects.get().starts_at == start
