"""Placing at the desk: once per form key, held where it cannot be sent."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from orders.draft import OrderDraft
from orders.models import EventKind, Order
from orders.placing import place_orders
from orders.status import HoldReason, Status
from providers.models import ProviderHealth, ProviderState
from providers.panel_api import DefaultPayload, SubscriptionPayload
from tests.builders import NOON, make_order, make_provider, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def draft(service=None, **over) -> OrderDraft:
    service = service or make_service()
    payload = DefaultPayload(
        service_id=service.external_id,
        **{"link": "https://lumen.example/home", "quantity": 500, **over},
    )
    return OrderDraft(service, payload, uuid.uuid4())


def test_a_placed_order_is_queued_with_its_wire_and_its_cost():
    person = make_user()
    order, created = place_orders.place_order(draft(), placed_by=person, now=NOON)
    order.refresh_from_db()
    assert created
    assert order.status == Status.QUEUED
    assert order.payload == {
        "service": order.service.external_id,
        "link": "https://lumen.example/home",
        "quantity": "500",
    }
    assert (order.units, order.estimate) == (500, Decimal("0.45"))
    assert [event.kind for event in order.events.all()] == ["placed"]


def test_the_same_form_key_twice_is_one_order_and_the_first_payload_stands():
    first = draft()
    again = replace(draft(first.service, quantity=900), form_key=first.form_key)
    order, _ = place_orders.place_order(first, placed_by=None, now=NOON)
    same, created = place_orders.place_order(again, placed_by=None, now=NOON)
    assert (same.pk, created, same.units) == (order.pk, False, 500)
    assert Order.objects.count() == 1


def test_an_order_at_a_paused_provider_is_held():
    service = make_service(make_provider(state=ProviderState.PAUSED))
    order, _ = place_orders.place_order(draft(service), placed_by=None, now=NOON)
    assert (order.status, order.hold_reason) == (Status.HELD, HoldReason.PROVIDER_PAUSED)


def test_drip_feed_counts_all_its_runs():
    order, _ = place_orders.place_order(draft(runs=4, interval=30), placed_by=None, now=NOON)
    assert (order.units, order.estimate) == (2000, Decimal("1.8"))


def test_a_subscription_knows_only_a_range_of_its_cost():
    service = make_service(type="Subscriptions")
    payload = SubscriptionPayload(
        service_id=service.external_id,
        username="lumen",
        min=100,
        max=200,
        delay=5,
        posts=3,
        expiry=date(2027, 1, 2),
    )
    order, _ = place_orders.place_order(
        OrderDraft(service, payload, uuid.uuid4()), placed_by=None, now=NOON
    )
    assert (order.units, order.estimate, order.estimate_high) == (
        None,
        Decimal("0.27"),
        Decimal("0.54"),
    )
    assert order.link == "lumen"
    assert order.payload["expiry"] == "02/01/2027"


def test_an_order_of_a_service_without_a_price_has_no_cost():
    service = make_service(rate=None)
    order, created = place_orders.place_order(draft(service), placed_by=None, now=NOON)
    assert created and (order.rate, order.estimate, order.estimate_high) == (None, None, None)


def test_money_keeps_all_twelve_places():
    service = make_service(rate=Decimal("123456789.123456789123"))
    order, _ = place_orders.place_order(draft(service, quantity=1000), placed_by=None, now=NOON)
    order.refresh_from_db()
    assert order.estimate == Decimal("123456789.123456789123")


def test_only_an_order_that_was_not_sent_is_withdrawn():
    person = make_user()
    queued, sent = make_order(), make_order(Status.PENDING)
    assert place_orders.withdraw_order(queued, actor=person, now=NOON)
    assert not place_orders.withdraw_order(sent, actor=person, now=NOON)
    queued.refresh_from_db()
    assert (queued.status, queued.ended_at) == (Status.WITHDRAWN, NOON)


def test_withdrawing_loses_the_race_against_sending_quietly():
    order = make_order()
    stale = Order.objects.get(pk=order.pk)
    assert order.move(Status.SENDING, now=NOON)
    assert not place_orders.withdraw_order(stale, actor=make_user(), now=NOON)
    assert Order.objects.get(pk=order.pk).status == Status.SENDING


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((Status.QUEUED, ""), (Status.HELD, HoldReason.FUNDS)),
        ((Status.HELD, HoldReason.PROVIDER_PAUSED), (Status.QUEUED, "")),
        ((Status.HELD, HoldReason.SCHEDULED), (Status.HELD, HoldReason.LINK_BUSY)),
    ],
)
def test_a_sweep_that_moves_it_meanwhile_does_not_let_it_be_sent(
    before: tuple[Status, str], after: tuple[Status, str]
) -> None:
    """Who takes back many reads them all first: what the desk itself held or released in between
    is no decision against it."""
    order = make_order(before[0], hold_reason=before[1])
    stale = Order.objects.get(pk=order.pk)
    if before[0] == after[0]:
        Order.objects.update(hold_reason=after[1])  # `link_queue` stands it in line
    else:
        assert order.move(Status(after[0]), now=NOON, hold_reason=after[1])
    assert place_orders.withdraw_order(stale, actor=make_user(), now=NOON)
    assert Order.objects.get(pk=order.pk).status == Status.WITHDRAWN


def test_what_a_person_did_meanwhile_is_not_withdrawn_unseen() -> None:
    order = make_order(Status.HELD, hold_reason=HoldReason.FUNDS)
    stale = Order.objects.get(pk=order.pk)
    assert place_orders.release_order(order, actor=make_user(), now=NOON)
    assert not place_orders.withdraw_order(stale, actor=make_user(), now=NOON)
    assert Order.objects.get(pk=order.pk).status == Status.QUEUED


def test_releasing_an_order_that_waits_for_funds_lets_the_account_be_tried():
    order = make_order(Status.HELD, hold_reason=HoldReason.FUNDS)
    ProviderHealth.objects.filter(provider=order.provider).update(funds_refused_at=NOON)
    assert place_orders.release_order(order, actor=make_user(), now=NOON)
    assert order.status == Status.QUEUED
    assert ProviderHealth.objects.get(provider=order.provider).funds_refused_at is None


def test_an_order_of_a_paused_provider_is_not_released():
    service = make_service(make_provider(state=ProviderState.PAUSED))
    order = make_order(Status.HELD, service=service, hold_reason=HoldReason.PROVIDER_PAUSED)
    assert not place_orders.release_order(order, actor=make_user(), now=NOON)


def test_an_order_known_not_to_be_there_may_be_queued_again():
    order = make_order(Status.NOT_PLACED)
    assert place_orders.requeue_order(order, actor=make_user(), now=NOON)
    assert not place_orders.requeue_order(
        make_order(Status.UNCONFIRMED), actor=make_user(), now=NOON
    )


def test_an_impossible_move_is_loud():
    with pytest.raises(ValueError, match="do not become"):
        make_order(Status.UNCONFIRMED).move(Status.QUEUED, now=NOON)


def test_history_cannot_be_edited_or_deleted():
    order = make_order()
    event = order.remember(EventKind.NOTE, now=NOON, text="first")
    event.text = "second"
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()
