"""From the payload to the end against the sandbox, over real HTTP; its ledger is the truth."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from core.clocks import database_now
from core.roles import Role
from orders.draft import OrderDraft
from orders.models import Order, PollSchedule
from orders.placing import place_orders
from orders.recovery import link_orders
from orders.sending import sweep_due
from orders.sending import tasks as sending_tasks
from orders.status import Status
from providers.connect import client_for
from providers.models import Provider
from providers.panel_api import (
    CustomCommentsPayload,
    DefaultPayload,
    OrderPayload,
    PackagePayload,
    SubscriptionPayload,
)
from tests.builders import make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def service_of(account: Provider, type_name: str):
    items = client_for(account).services().items
    item = next(i for i in items if i.type == type_name)
    return make_service(
        account,
        external_id=item.service_id,
        type=type_name,
        rate=item.rate,
        min=item.min,
        max=item.max,
        name=item.name,
    )


def place(service, payload: OrderPayload) -> Order:
    draft = OrderDraft(service, payload, uuid.uuid4())
    return place_orders.place_order(draft, placed_by=None, now=database_now())[0]


def payload_for(service) -> OrderPayload:
    link = f"https://lumen.example/p/{uuid.uuid4()}"
    many, plenty = int(service.min), int(service.min) * 2
    match service.type:
        case "Default":
            return DefaultPayload(service_id=service.external_id, link=link, quantity=many)
        case "Package":
            return PackagePayload(service_id=service.external_id, link=link)
        case "Custom Comments":
            lines = tuple(f"line {n}" for n in range(many))
            return CustomCommentsPayload(service_id=service.external_id, link=link, comments=lines)
    return SubscriptionPayload(
        service_id=service.external_id, username="lumen", min=many, max=plenty, delay=5, posts=2
    )


def poll_soon(order: Order) -> Order:
    PollSchedule.objects.update(next_at=database_now() - timedelta(seconds=1))
    sending_tasks.poll(provider_id=order.provider_id)
    return Order.objects.get(pk=order.pk)


@pytest.mark.parametrize("type_name", ["Default", "Package", "Custom Comments", "Subscriptions"])
def test_each_type_arrives_as_it_was_wished(box, account, type_name):
    service = service_of(account, type_name)
    order = place(service, payload_for(service))
    sending_tasks.dispatch(provider_id=account.pk)
    order.refresh_from_db()
    (truth,) = box.ledger()
    assert (order.status, order.external_id) == (Status.PENDING, str(truth["id"]))
    assert truth["link"] == order.link
    arrived = {"service": str(truth["service"]), "link": truth["link"], **truth["fields"]}
    assert {name: arrived[name] for name in order.payload} == order.payload


def test_an_order_is_seen_through_all_its_statuses_to_its_end(box, account):
    service = service_of(account, "Default")
    order = place(service, payload_for(service))
    sending_tasks.dispatch(provider_id=account.pk)
    seen = []
    for _ in range(400):
        order = poll_soon(order)
        if order.status not in seen:
            seen.append(order.status)
        if order.is_final:
            break
        box.advance(120)
    assert seen[0] == Status.PENDING
    assert seen[-1] == Status.COMPLETED
    assert Status.IN_PROGRESS in seen
    truth = box.order(order.external_id)
    assert order.charge == Decimal(truth["charge_now"])
    assert (order.start_count, order.remains) == (truth["start_count"], 0)
    assert not PollSchedule.objects.exists()


@pytest.mark.parametrize(
    ("mode", "phase", "bought"),
    [
        ("close_after_request", "after", 1),
        ("reset_after_request", "after", 1),
        ("truncated_without_length", "after", 1),
        ("generic_error", "after", 1),
        ("order_and_error", "after", 1),
        ("gzip", "after", 1),
        ("http_500", "after", 1),
        ("html", "after", 1),
        ("close_after_request", "before", 0),
        ("http_307", "before", 0),
        ("http_503", "before", 0),
    ],
)
def test_a_lost_answer_is_unconfirmed_whether_it_was_bought_or_not(
    box, account, mode, phase, bought
):
    service = service_of(account, "Default")
    order = place(service, payload_for(service))
    box.fault(mode, phase, action="add")
    for _ in range(3):
        sending_tasks.dispatch(provider_id=account.pk)
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED
    assert len(box.ledger()) == bought
    assert box.calls("add") <= 1


def test_a_lost_order_is_found_again_by_a_person(box, account):
    service = service_of(account, "Default")
    order = place(service, payload_for(service))
    box.fault("close_after_request", "after", action="add")
    sending_tasks.dispatch(provider_id=account.pk)
    box.clear_faults()
    order.refresh_from_db()
    (truth,) = box.ledger()
    assert link_orders.link_order(
        order,
        str(truth["id"]),
        actor=make_user(Role.MANAGER),
        client=client_for(account),
        clock=database_now,
    )
    assert poll_soon(order).charge == Decimal(truth["charge"])


def test_a_provider_that_is_not_there_sends_nothing_and_loses_nothing(box, account):
    service = service_of(account, "Default")
    order = place(service, payload_for(service))
    box.stop()
    sending_tasks.dispatch(provider_id=account.pk)
    order.refresh_from_db()
    assert (order.status, order.not_sent_count) == (Status.QUEUED, 1)


def test_a_refusal_in_the_providers_words_reaches_the_order(box, account):
    service = service_of(account, "Default")
    order = place(
        service,
        DefaultPayload(
            service_id=service.external_id, link="https://lumen.example", quantity=service.min - 1
        ),
    )
    sending_tasks.dispatch(provider_id=account.pk)
    order.refresh_from_db()
    assert order.status == Status.REJECTED
    assert order.reason


def test_no_money_holds_the_order_until_there_is_some(box, account):
    service = service_of(account, "Default")
    box.set_balance(0)
    order = place(service, payload_for(service))
    sending_tasks.dispatch(provider_id=account.pk)
    order.refresh_from_db()
    assert (order.status, order.hold_reason) == (Status.HELD, "funds")
    box.set_balance(1000)
    Provider.objects.update(balance=1000, balance_at=database_now())
    sweep_due.forget_funds_refusals(now=database_now())
    sweep_due.hold_and_release(now=database_now())
    sending_tasks.dispatch(provider_id=account.pk)
    order.refresh_from_db()
    assert order.status == Status.PENDING


def test_the_key_is_in_no_row_and_no_log(box, account, caplog):
    service = service_of(account, "Default")
    order = place(service, payload_for(service))
    box.fault("html", "after", action="add")
    sending_tasks.dispatch(provider_id=account.pk)
    attempt = order.attempts.get()
    kept = f"{attempt.wire} {attempt.evidence} {attempt.reason} {caplog.text}"
    assert box.key not in kept
