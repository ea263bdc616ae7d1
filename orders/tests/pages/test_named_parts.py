"""What a provider started for an order says so, and is counted as no purchase."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from core.roles import Role
from dashboard import overview
from orders.models import Order
from orders.status import Status
from tests.builders import make_order
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def drip_feed(runs: int, begun: int) -> Order:
    payload = {"service": "1", "quantity": "100", "runs": str(runs)}
    parent = make_order(Status.IN_PROGRESS, payload=payload, parts_done=begun, external_id="90")
    for _ in range(begun):
        make_order(Status.COMPLETED, service=parent.service, parent=parent, ended_at=timezone.now())
    return parent


def test_a_run_says_in_the_list_and_the_overview_which_one_it_is(staff: Client) -> None:
    parent = drip_feed(5, 2)
    for address in ("/orders/", "/"):
        page = one_line(staff.get(address).content.decode())
        for number in (1, 2):
            assert page.count(f"Run {number} of 5 of {parent}") == 1
    assert f"/orders/{parent.pk}/" in staff.get("/orders/?q=").content.decode()


def test_the_runs_of_a_drip_feed_are_counted_as_no_purchases() -> None:
    cache.clear()
    drip_feed(5, 2)
    make_order(Status.COMPLETED, ended_at=timezone.now())
    assert overview.figures(timezone.now()).completed == 1


def test_ten_parts_cost_the_list_what_one_costs(staff: Client) -> None:
    drip_feed(20, 1)
    one = len(queries_of(lambda: staff.get("/orders/?q=")))
    drip_feed(20, 10)
    assert len(queries_of(lambda: staff.get("/orders/?q="))) <= one
