"""What the confirmation and the page of a bulk action say of its orders: the same figures."""

from __future__ import annotations

import pytest
from django.test import Client

from orders.bulk import outlook
from orders.status import Status
from tests.builders import make_order, make_service
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_those_that_are_refilled_are_named(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    service = make_service(refill=True)
    done = [make_order(Status.COMPLETED, service=service) for _ in range(3)]
    running = make_order(Status.IN_PROGRESS, service=service)
    asked = "/orders/bulk/?kind=refill&scope=all"
    page = one_line(staff.get(asked).content.decode()).partition('id="done-to"')[2]
    assert "3 for which it is done" in page and f"/orders/{running.pk}/" not in page
    assert all(f'href="/orders/{order.pk}/"' in page for order in done)
    monkeypatch.setattr(outlook, "MOST_LINES", 1)
    assert "And 2 more" in one_line(staff.get(asked).content.decode())


def test_an_order_that_ended_is_not_refreshed_in_plain_words(staff: Client) -> None:
    make_order(Status.COMPLETED)
    page = one_line(staff.get("/orders/bulk/?kind=refresh&scope=all").content.decode())
    assert "It has ended: it is completed." in page and "nothing to ask" not in page
