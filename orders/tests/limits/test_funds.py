"""What a balance leaves: less what is on its way, each order once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.roles import Role
from orders.limits.funds import Funds, funds_of
from orders.models import Order
from orders.placing.preview import preview_of
from orders.status import Status
from orders.tests.placing.test_order_form import DEFAULT, fill
from providers.models import Provider
from tests.builders import NOON, make_order, make_provider, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
EARLIER, LATER = NOON - timedelta(hours=1), NOON + timedelta(hours=1)


def account(balance: str = "100") -> Provider:
    return make_provider(balance=Decimal(balance), balance_at=NOON)


def order(provider: Provider, status: Status, cost: int, **over: Any) -> Order:
    return make_order(status, provider=provider, estimate=Decimal(cost), **over)


def test_what_may_still_leave_a_balance_is_on_its_way_once() -> None:
    provider = account()
    for cost, status in enumerate(
        (Status.HELD, Status.QUEUED, Status.SENDING, Status.UNCONFIRMED), start=1
    ):
        order(provider, status, cost, created_at=EARLIER)
    order(provider, Status.PENDING, 10, created_at=EARLIER)  # the reading has it already
    order(provider, Status.PENDING, 20, created_at=EARLIER, sent_at=LATER)
    charged = Decimal(7)
    order(provider, Status.IN_PROGRESS, 40, created_at=LATER, sent_at=LATER, charge=charged)
    order(provider, Status.IN_PROGRESS, 80, created_at=EARLIER, sent_at=LATER, charge=Decimal(9))
    for status in (Status.REJECTED, Status.WITHDRAWN, Status.NOT_PLACED):
        order(provider, status, 500)
    order(account(), Status.QUEUED, 1000)
    assert funds_of(provider) == Funds(Decimal(100), NOON, Decimal(1 + 2 + 3 + 4 + 20 + 7 + 9))


def test_nothing_is_said_of_a_balance_that_nobody_has_read() -> None:
    assert funds_of(make_provider(balance=None)) is None


def test_a_form_warns_of_what_is_left_after_what_is_on_its_way() -> None:
    provider = account("2")
    shown = preview_of(fill(service := make_service(provider), DEFAULT), now=NOON)
    assert not shown.is_short_of_funds and shown.cost is not None
    assert shown.left_after == 2 - shown.cost
    order(provider, Status.QUEUED, 2, service=service)
    after = preview_of(fill(service, DEFAULT), now=NOON)
    assert after.is_short_of_funds and after.left_after == -shown.cost


def test_the_page_says_when_the_balance_was_read_and_what_is_on_its_way(
    client_for_role: Any,
) -> None:
    provider = account("100")
    service = make_service(provider)
    order(provider, Status.QUEUED, 25, service=service)
    values = {"service": service.pk, "link": "https://lumen.example/x", "quantity": "1000"}
    pages = {
        role: client_for_role(role).post("/orders/new/preview/", values).content.decode()
        for role in (Role.MANAGER, Role.OPERATOR)
    }
    _, _, words = pages[Role.MANAGER].partition('id="order-funds"')
    for part in ("$100.00", "as of", "<time", "$25.00", "left after this"):
        assert part in words
    assert 'id="order-funds"' not in pages[Role.OPERATOR]


def test_a_mass_order_subtracts_it_too(client_for_role: Any) -> None:
    provider = account("100")
    make_service(provider, external_id="77", rate=Decimal(1), min=10, max=100_000)
    order(provider, Status.HELD, 25)
    manager = client_for_role(Role.MANAGER)
    lines = {"text": "77|https://lumen.example/y|1000"}
    page = manager.post("/orders/mass-orders/new/", lines, follow=True)
    (at,) = page.context["figures"].costs
    assert (at.funds.on_its_way, at.left) == (25, 74)
    words = page.content.decode()
    assert "On its way" in words and "as of" in words and "$74.00" in words
