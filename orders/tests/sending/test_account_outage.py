"""A provider that is away for a while: orders wait, every page says why, and they go out at once.

Over real HTTP, with a clock that is moved a second at a time.
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from core.clocks import database_now
from core.roles import Role
from orders.account_trouble import account_trouble
from orders.draft import OrderDraft
from orders.models import Order
from orders.placing import place_orders
from orders.polling import probe_account
from orders.sending import send_run, sweep_due
from orders.status import HoldReason, Status
from providers.account_health import AccountState
from providers.actions.balances import balance_run
from providers.connect import client_for, shared_transport
from providers.models import Provider, ProviderHealth, ProviderState, Service
from providers.panel_api import DefaultPayload
from sandbox import Sandbox
from tests.builders import NOON, make_order, make_provider, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
OUTAGE_SECONDS = 45
AFTERWARDS_SECONDS = 12  # the longest step between two probes by then, and a bell


@pytest.fixture
def box(settings: Any, tmp_path: Path) -> Iterator[Sandbox]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with Sandbox(seed=7, services=40, speed=0, port=port, state_dir=tmp_path) as running:
        settings.SANDBOX_URL = running.url
        shared_transport.cache_clear()
        yield running
    shared_transport.cache_clear()


@dataclass
class Desk:
    """One account, and what beat and the workers do for it at each second."""

    account: Provider
    now: datetime = field(default_factory=database_now)

    def service(self) -> Service:
        item = next(i for i in client_for(self.account).services().items if i.type == "Default")
        return make_service(
            self.account,
            external_id=item.service_id,
            type=item.type,
            rate=item.rate,
            min=item.min,
            max=item.max,
            name=item.name,
        )

    def place(self, service: Service) -> Order:
        link = f"https://lumen.example/p/{uuid.uuid4()}"
        payload = DefaultPayload(
            service_id=service.external_id, link=link, quantity=int(service.min or 1)
        )
        draft = OrderDraft(service, payload, uuid.uuid4())
        return place_orders.place_order(draft, placed_by=None, now=self.now)[0]

    def tick(self) -> None:
        self.now += timedelta(seconds=1)
        account = Provider.objects.get(pk=self.account.pk)
        for _, by_status in probe_account.accounts_to_probe(self.now):
            if by_status:
                probe_account.probe_by_status(account, client_for(account), clock=lambda: self.now)
            else:
                balance_run(account, client_for, clock=lambda: self.now)
        for _ in sweep_due.providers_to_ring(self.now):
            send_run.send_queued(account, client_for(account), clock=lambda: self.now, seconds=1)


def texts(browser: Client, order: Order) -> dict[str, str]:
    cache.clear()
    pages = (f"/orders/{order.pk}/", "/orders/", f"/providers/{order.provider_id}/", "/")
    return {page: browser.get(page).content.decode() for page in pages}


@pytest.mark.parametrize("bought_before", [False, True])
def test_after_an_outage_orders_go_out_within_seconds_and_every_page_tells_meanwhile(
    box: Sandbox, client_for_role: Callable[[Role], Client], bought_before: bool
) -> None:
    browser = client_for_role(Role.OPERATOR)
    desk = Desk(make_provider(url=box.url, key=box.key, add_spacing_ms=0))
    service = desk.service()
    balance_run(desk.account, client_for, clock=lambda: desk.now)
    if bought_before:
        desk.place(service)
        desk.tick()
    box.stop()
    orders = [desk.place(service) for _ in range(3)]
    for second in range(OUTAGE_SECONDS):
        desk.tick()
        if second in (2, OUTAGE_SECONDS - 1):
            for page, text in texts(browser, orders[0]).items():
                assert "Not answering" in text, page
    assert {Order.objects.get(pk=order.pk).status for order in orders} == {Status.QUEUED}
    box.start()
    for _ in range(AFTERWARDS_SECONDS):
        desk.tick()
    assert set(Order.objects.values_list("status", flat=True)) == {Status.PENDING}
    bought = {str(row["id"]) for row in box.ledger()}
    assert {Order.objects.get(pk=order.pk).external_id for order in orders} <= bought
    for page, text in texts(browser, orders[0]).items():
        assert "Not answering" not in text, page


@pytest.mark.parametrize(
    ("seen", "over", "state"),
    [
        ({"open_until": NOON + timedelta(seconds=9)}, {}, AccountState.DOWN),
        ({"slow_until": NOON + timedelta(seconds=9)}, {}, AccountState.RATE_LIMITED),
        (
            {"funds_refused_at": NOON},
            {"status": Status.HELD, "hold_reason": HoldReason.FUNDS},
            AccountState.OUT_OF_FUNDS,
        ),
        (
            {"key_refused_at": NOON},
            {"status": Status.HELD, "hold_reason": HoldReason.KEY},
            AccountState.KEY_REFUSED,
        ),
        ({"key_unreadable_at": NOON}, {}, AccountState.KEY_UNREADABLE),
        ({}, {}, None),
        ({"latency_ms": 8000.0}, {}, None),  # it is slow, and orders go out all the same
        (
            {"open_until": NOON},
            {"status": Status.HELD, "hold_reason": HoldReason.SCHEDULED},
            None,
        ),
        ({"open_until": NOON}, {"status": Status.PENDING}, None),
    ],
)
def test_an_order_waits_for_its_account_where_the_account_health_says_so(
    seen: dict[str, Any], over: dict[str, Any], state: AccountState | None
) -> None:
    order = make_order(over.pop("status", Status.QUEUED), **over)
    ProviderHealth.objects.update(last_ok_at=NOON, **seen)
    trouble = account_trouble(Order.objects.for_list().get(pk=order.pk), now=NOON)
    assert (trouble and trouble.state) is state


def test_an_order_held_for_a_paused_account_says_so(
    client_for_role: Callable[[Role], Client],
) -> None:
    order = make_order(Status.HELD, hold_reason=HoldReason.PROVIDER_PAUSED)
    Provider.objects.update(state=ProviderState.PAUSED)
    text = client_for_role(Role.VIEWER).get(f"/orders/{order.pk}/").content.decode()
    assert 'data-account="paused"' in text and "Somebody has paused it." in text
