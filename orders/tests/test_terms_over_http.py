"""The price of a service moves under waiting orders: provider, catalog, claim, page, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from core.clocks import database_now
from core.roles import Role
from orders import tasks
from orders.models import Order
from orders.status import HoldReason, Status
from providers.actions.mirroring import mirror_turn
from providers.connect import client_for, shared_transport
from providers.models import Provider, RunState, Service
from sandbox import Sandbox
from tests.builders import make_provider, terms_shown

pytestmark = [pytest.mark.django_db, pytest.mark.services]
WAITING = 4


@pytest.fixture
def box(settings: Any) -> Iterator[Sandbox]:
    with Sandbox(seed=7, services=120, speed=0, partial=0, canceled=0) as running:
        settings.SANDBOX_URL = running.url
        shared_transport.cache_clear()
        yield running
    shared_transport.cache_clear()


def read_catalog(account: Provider) -> None:
    assert mirror_turn(account, client_for, clock=database_now) is RunState.APPLIED


def place(browser: Client, service: Service, number: int) -> None:
    values = {
        "service": service.pk,
        "submission": uuid.uuid4(),
        "link": f"https://lumen.example/{number}",
        "quantity": str(max(service.min or 1, 1)),
        "terms": terms_shown(service),
    }
    assert browser.post("/orders/new/", values).status_code == 302


def test_no_order_is_sent_at_a_price_nobody_agreed_to(
    client_for_role: Callable[[Role], Client], box: Sandbox
) -> None:
    account = make_provider(url=box.url, key=box.key, add_spacing_ms=0, calls_per_minute=60_000)
    read_catalog(account)
    browser = client_for_role(Role.OPERATOR)
    moves, stays = Service.objects.filter(type="Default", dripfeed=False).order_by("pk")[:2]
    for number in range(WAITING):
        place(browser, moves, number)
        place(browser, stays, 100 + number)
    dear = (moves.rate or Decimal(1)) * 3
    box.edit_service(int(moves.external_id), rate=str(dear))
    read_catalog(account)
    for _ in range(2 * WAITING):
        tasks.dispatch(provider_id=account.pk)
    assert {str(row["service"]) for row in box.ledger()} == {stays.external_id}
    held = Order.objects.filter(status=Status.HELD, hold_reason=HoldReason.TERMS)
    assert held.count() == WAITING and len(box.ledger()) == WAITING
    shown = browser.get("/orders/terms/").context["shown"]
    browser.post("/orders/terms/accept/", {"order": [row.token for row in shown]})
    for _ in range(WAITING):
        tasks.dispatch(provider_id=account.pk)
    assert len(box.ledger()) == 2 * WAITING
    assert {order.rate for order in Order.objects.filter(service=moves)} == {dear}
