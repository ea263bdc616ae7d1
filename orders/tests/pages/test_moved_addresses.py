"""Bookmarks of an earlier release open the page of today."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.roles import Role
from orders.moved_addresses import MOVED
from orders.status import Outcome, Status
from tests.builders import make_attempt, make_order

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("old", MOVED)
def test_an_old_address_leads_to_the_page_of_today(
    client_for_role: Callable[[Role], Client], old: str
) -> None:
    rest, shown = ("404/", 404) if old == "words" else ("", 200)
    answer = client_for_role(Role.ADMIN).get(f"/orders/{old}/{rest}?show=all", follow=True)
    assert answer.redirect_chain == [(f"/orders/{MOVED[old]}/{rest}?show=all", 301)]
    assert answer.status_code == shown


def test_an_old_link_to_a_decision_leads_to_it(client_for_role: Callable[[Role], Client]) -> None:
    order = make_order(Status.UNCONFIRMED)
    make_attempt(order, outcome=Outcome.UNKNOWN)
    answer = client_for_role(Role.MANAGER).get(f"/orders/{order.pk}/settle/", follow=True)
    assert answer.redirect_chain == [(f"/orders/{order.pk}/resolve/", 301)]
    assert answer.status_code == 200


def test_nothing_can_be_posted_to_an_old_address(client_for_role: Callable[[Role], Client]) -> None:
    assert client_for_role(Role.ADMIN).post("/orders/stops/all/").status_code == 405
