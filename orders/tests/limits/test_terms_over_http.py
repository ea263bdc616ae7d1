"""The price of a service moves under waiting orders: provider, catalog, claim, page, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from core.clocks import database_now
from core.roles import Role
from orders.models import Order
from orders.sending import tasks as sending_tasks
from orders.status import HoldReason, Status
from providers.actions.catalog.mirror_catalog import mirror_run
from providers.actions.catalog.runs import approve_run, refuse_run
from providers.connect import client_for
from providers.models import CatalogRun, ProposedTerms, Provider, RunState, Service
from sandbox import Sandbox
from tests.builders import make_provider, make_user, terms_shown

pytestmark = [pytest.mark.django_db, pytest.mark.services]
WAITING = 4


def read_catalog(account: Provider) -> None:
    assert mirror_run(account, client_for, clock=database_now) is RunState.APPLIED


def place(browser: Client, service: Service, number: int) -> None:
    values = {
        "service": service.pk,
        "form_key": uuid.uuid4(),
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
        sending_tasks.dispatch(provider_id=account.pk)
    assert {str(row["service"]) for row in box.ledger()} == {stays.external_id}
    held = Order.objects.filter(status=Status.HELD, hold_reason=HoldReason.TERMS)
    assert held.count() == WAITING and len(box.ledger()) == WAITING
    shown = browser.get("/orders/terms/").context["shown"]
    browser.post("/orders/terms/accept/", {"order": [row.token for row in shown]})
    for _ in range(WAITING):
        sending_tasks.dispatch(provider_id=account.pk)
    assert len(box.ledger()) == 2 * WAITING
    assert {order.rate for order in Order.objects.filter(service=moves)} == {dear}


def leap(box: Sandbox, factor: int = 1000) -> None:
    """So many prices that the catalog is not believed without a person."""
    for truth in box.services()[:40]:
        box.edit_service(truth["id"], rate=str(Decimal(truth["rate"]) * factor))


def hold_catalog(account: Provider) -> CatalogRun:
    assert mirror_run(account, client_for, clock=database_now) is RunState.HELD
    return CatalogRun.objects.held().get(provider=account)


@pytest.fixture
def waiting(
    client_for_role: Callable[[Role], Client], box: Sandbox
) -> tuple[Provider, Service, Client]:
    """An order that waits, of a service among those that are about to leap."""
    account = make_provider(url=box.url, key=box.key, add_spacing_ms=0, calls_per_minute=60_000)
    read_catalog(account)
    numbers = [str(truth["id"]) for truth in box.services()[:40]]
    service = Service.objects.filter(
        external_id__in=numbers, type="Default", dripfeed=False
    ).order_by("pk")[0]
    browser = client_for_role(Role.OPERATOR)
    place(browser, service, 1)
    return account, service, browser


@pytest.mark.parametrize("change", ["leap", "empty"])
def test_a_catalog_that_waits_for_a_decision_holds_the_orders_it_speaks_of(
    waiting: tuple[Provider, Service, Client], box: Sandbox, change: str
) -> None:
    account, _, _ = waiting
    if change == "leap":
        leap(box)
    else:
        box.change_catalog(empty=True)
    hold_catalog(account)
    sending_tasks.dispatch(provider_id=account.pk)
    order = Order.objects.get()
    assert (order.status, order.hold_reason) == (Status.HELD, HoldReason.TERMS)
    assert not box.ledger()


def test_a_held_catalog_leaves_alone_what_it_does_not_touch(
    waiting: tuple[Provider, Service, Client], box: Sandbox
) -> None:
    account, service, _ = waiting
    leap(box)
    own = service.rate or Decimal(1)
    box.edit_service(int(service.external_id), rate=str(own * Decimal("1.02")))
    hold_catalog(account)
    sending_tasks.dispatch(provider_id=account.pk)
    assert len(box.ledger()) == 1


def test_somebody_agrees_to_what_the_held_catalog_says(
    waiting: tuple[Provider, Service, Client], box: Sandbox
) -> None:
    account, service, browser = waiting
    leap(box)
    run = hold_catalog(account)
    sending_tasks.dispatch(provider_id=account.pk)
    page = browser.get("/orders/terms/")
    assert f"/catalog-runs/{run.pk}/" in page.content.decode()
    browser.post("/orders/terms/accept/", {"order": [page.context["shown"][0].token]})
    sending_tasks.dispatch(provider_id=account.pk)
    assert len(box.ledger()) == 1
    assert Order.objects.get().rate == (service.rate or 0) * 1000


@pytest.mark.parametrize("decide", [approve_run, refuse_run])
def test_a_decision_ends_what_was_proposed(
    waiting: tuple[Provider, Service, Client], box: Sandbox, decide: Callable[..., bool]
) -> None:
    account, service, _ = waiting
    leap(box)
    run = hold_catalog(account)
    assert ProposedTerms.objects.get(service=service).rate == (service.rate or 0) * 1000
    assert decide(run, actor=make_user(Role.MANAGER), now=database_now())
    if decide is approve_run:
        assert ProposedTerms.objects.filter(service=service).exists()  # until it is written
        read_catalog(account)
    assert not ProposedTerms.objects.exists()
    sending_tasks.dispatch(provider_id=account.pk)
    assert len(box.ledger()) == (0 if decide is approve_run else 1)


def test_a_newer_catalog_takes_the_place_of_what_was_proposed(
    waiting: tuple[Provider, Service, Client], box: Sandbox
) -> None:
    account, service, _ = waiting
    leap(box)
    hold_catalog(account)
    leap(box, factor=2)
    hold_catalog(account)
    assert ProposedTerms.objects.get(service=service).rate == (service.rate or 0) * 2000
    for truth in box.services()[:40]:
        known = Service.objects.get(external_id=truth["id"])
        box.edit_service(truth["id"], rate=str(known.rate))
    read_catalog(account)
    assert not ProposedTerms.objects.exists()


def test_a_catalog_that_could_not_be_read_does_not_take_it_back(
    waiting: tuple[Provider, Service, Client], box: Sandbox
) -> None:
    account, service, _ = waiting
    leap(box)
    hold_catalog(account)
    box.fault("http_503", "before", action="services")
    assert mirror_run(account, client_for, clock=database_now) is RunState.FAILED
    assert ProposedTerms.objects.filter(service=service).exists()
    sending_tasks.dispatch(provider_id=account.pk)
    assert not box.ledger()
