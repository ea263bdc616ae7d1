"""An order looked at beside the list."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import EventKind
from orders.status import HoldReason, Status
from tests.builders import NOON, make_order

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def peek(browser: Client, pk: int) -> str:
    return browser.get(f"/orders/{pk}/peek/", headers={"HX-Request": "true"}).content.decode()


def test_it_tells_what_people_look_up_most(staff: Client) -> None:
    order = make_order(
        Status.IN_PROGRESS,
        reference="INV-7",
        note="Call <b>first</b>",
        external_id="9000777",
        start_count=4_344,
    )
    part = peek(staff, order.pk)
    for words in ("In progress", "INV-7", "Call &lt;b&gt;first", "9000777", "4,344", "<html"):
        assert (words in part) is (words != "<html")
    assert 'hx-trigger="every 3s"' in part


def test_an_order_at_rest_does_not_ask_again(staff: Client) -> None:
    assert "hx-trigger" not in peek(staff, make_order(Status.COMPLETED).pk)


def test_a_held_order_says_what_it_waits_for(staff: Client) -> None:
    part = peek(staff, make_order(Status.HELD, hold_reason=HoldReason.FUNDS, reason="No money").pk)
    assert "balance is too low" in part


def test_a_long_history_costs_the_queries_of_a_short_one(staff: Client) -> None:
    order = make_order(Status.COMPLETED)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            peek(staff, order.pk)
        return len(asked)

    order.remember(EventKind.NOTE, now=NOON, text="One.")
    few = queries()
    for number in range(20):
        order.remember(EventKind.NOTE, now=NOON, text=f"Line {number}.")
    assert queries() == few <= 6
    assert peek(staff, order.pk).count('class="story-line"') == 6


def test_an_order_that_is_not_there_is_not_found(staff: Client) -> None:
    assert staff.get("/orders/9999999/peek/").status_code == 404
