"""The orders that ended on one day of the desk."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from orders.lists.filters import OrderFilter
from orders.models import Order
from orders.status import Status
from tests.builders import NOON, make_order, make_user
from tests.one_line import one_line
from tests.query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NARROWED = "status=completed&kin=placed&ended=2026-11-23"


def shown(client: Client, query: str) -> set[int]:
    return {order.pk for order in client.get(f"/orders/?{query}").context["page"].rows}


def ended(at: datetime) -> int:
    """An order that was placed long before."""
    return make_order(Status.COMPLETED, created_at=NOON - timedelta(days=9), ended_at=at).pk


def test_an_order_is_found_by_the_day_on_which_it_ended(staff: Client) -> None:
    midnight = NOON.replace(hour=0)
    before = ended(midnight - timedelta(microseconds=1))
    first, last = ended(midnight), ended(midnight + timedelta(days=1, microseconds=-1))
    after = ended(midnight + timedelta(days=1))
    make_order(Status.IN_PROGRESS)
    assert shown(staff, "ended=2026-11-22") == {before}
    assert shown(staff, "ended=2026-11-23") == {first, last}
    assert shown(staff, "ended=2026-11-24") == {after}
    assert shown(staff, "ended=2026-11-25") == set()


def test_the_day_is_one_of_the_desk_whoever_looks(staff: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    order = ended(NOON.replace(hour=20))  # the 24th there
    with timezone.override("America/Lima"):
        assert shown(staff, "ended=2026-11-24") == {order}
        assert shown(staff, "ended=2026-11-23") == set()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_at_the_end_of_time_finds_nothing(staff: Client, day: str) -> None:
    ended(NOON)
    assert shown(staff, f"ended={day}") == set()


def test_a_slip_is_said_and_narrows_nothing(staff: Client) -> None:
    order = ended(NOON)
    page = one_line(staff.get("/orders/?ended=yesterday").content.decode())
    assert "Ended on: This is not a date" in page and "The list is shown without it." in page
    assert 'order-more-filters" open' in page, "the field with the slip is not folded away"
    assert shown(staff, "ended=yesterday") == {order}


def test_narrowing_further_keeps_the_day(staff: Client) -> None:
    ended(NOON)
    page = one_line(staff.get(f"/orders/?{NARROWED}").content.decode())
    assert "Ended on<strong><bdi>2026-11-23</bdi></strong>" in page.replace(
        "Ended on <", "Ended on<"
    )
    assert 'aria-label="Remove the filter Ended on"' in page
    assert 'name="ended" value="2026-11-23"' in page


def test_the_orders_of_a_day_are_found_by_its_index_and_then_sorted(staff: Client) -> None:
    """However many were completed on other days."""
    ended(NOON)
    assert scans_of(lambda: staff.get(f"/orders/?{NARROWED}")) == []
    assert scans_of(lambda: staff.get(f"/orders/?{NARROWED}&sort=dearest")) == []
    if connection.vendor == "sqlite":  # it knows no figures; PostgreSQL weighs these few rows
        wanted = OrderFilter({"status": "completed", "ended": date(2026, 11, 23)}, user=make_user())
        plan = wanted.narrow(Order.objects.all()).order_by("-pk")[:50].explain()
        assert "order_by_end (ended_at>? AND ended_at<?)" in plan
        assert "order_by_status (status=? AND id=? AND rowid=?)" in plan
