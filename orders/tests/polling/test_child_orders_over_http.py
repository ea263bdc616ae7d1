"""Parents, busy links, set times and unknown words against the sandbox; its ledger is the truth."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.clocks import database_now
from orders import link_queue
from orders.draft import OrderDraft
from orders.models import Order, PollSchedule
from orders.pages.related_figures import parts_of
from orders.placing import place_orders
from orders.sending import sweep_due
from orders.sending import tasks as sending_tasks
from orders.status import Flag, HoldReason, Status
from providers.actions import status_aliases
from providers.models import Provider
from providers.panel_api import DefaultPayload, OrderPayload, OrderState, SubscriptionPayload
from sandbox import Sandbox
from tests.builders import make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]

LINK = "https://lumen.example/home"


def service_at(box: Sandbox, account: Provider, kind: str = "Default", **wanted: Any) -> Any:
    truth = box.service(kind, **wanted)
    return make_service(
        account,
        external_id=str(truth["id"]),
        type=kind,
        name=truth["name"],
        rate=Decimal(truth["rate"]),
        min=truth["min"],
        max=truth["max"],
    )


def place(service: Any, payload: OrderPayload, **more: Any) -> Order:
    draft = OrderDraft(service, payload, uuid.uuid4())
    return place_orders.place_order(draft, placed_by=None, now=database_now(), **more)[0]


def default(service: Any, link: str = LINK, **more: Any) -> DefaultPayload:
    return DefaultPayload(service_id=service.external_id, link=link, quantity=service.min, **more)


def send(order: Order) -> Order:
    sending_tasks.dispatch(provider_id=order.provider_id)
    order.refresh_from_db()
    return order


def look(order: Order) -> Order:
    """Ask about everything there is; the order as it is then."""
    PollSchedule.objects.update(next_at=database_now() - timedelta(seconds=1))
    sending_tasks.poll(provider_id=order.provider_id)
    return Order.objects.get(pk=order.pk)


def see_to_the_end(box: Sandbox, order: Order, seconds: float = 600) -> set[str]:
    """Follow until this order and its children have ended; the statuses it had."""
    seen: set[str] = set()
    for _ in range(600):
        order = look(order)
        seen.add(order.status)
        if order.is_final and not PollSchedule.objects.exists():
            return seen
        box.advance(seconds)
    raise AssertionError(f"{order} has not ended: {seen}")


@pytest.mark.parametrize("parents", ["full", "bare"])
def test_every_run_of_a_drip_feed_is_followed_to_its_own_end(box, account, parents):
    box.dialect(parents=parents)
    service = service_at(box, account, dripfeed=True)
    order = send(place(service, default(service, runs=3, interval=10)))
    assert see_to_the_end(box, order) >= {Status.PENDING, Status.COMPLETED}
    order.refresh_from_db()
    truths = [t for t in box.ledger(children=True) if t["parent"]]
    children = list(order.children.order_by("pk"))
    assert {str(t["id"]) for t in truths} == {child.external_id for child in children}
    assert len(children) == 3
    for child in children:
        truth = box.order(child.external_id)
        assert (child.status, child.charge) == (Status.COMPLETED, Decimal(truth["charge_now"]))
        assert child.units == truth["quantity"]
    parts = parts_of(order)
    assert parts is not None
    assert (parts.begun, parts.ended, parts.left, parts.delivered) == (3, 3, 0, 3 * service.min)
    assert parts.charge == sum(child.charge for child in children)
    assert len(box.ledger()) == 1 and box.calls("add") == 1


def subscribe(box: Sandbox, account: Provider, **more: Any) -> Order:
    service = service_at(box, account, "Subscriptions")
    payload = SubscriptionPayload(
        service_id=service.external_id,
        username="lumen",
        min=service.min,
        max=service.min,
        delay=0,
        **more,
    )
    return send(place(service, payload))


def test_a_subscription_is_active_until_all_its_posts_were_served(box, account):
    order = subscribe(box, account, posts=2)
    seen = see_to_the_end(box, order, seconds=1800)
    assert {Status.ACTIVE, Status.COMPLETED} <= seen
    assert order.children.count() == 2
    parts = parts_of(Order.objects.get(pk=order.pk))
    assert parts is not None
    charged = sum(Decimal(box.order(c.external_id)["charge_now"]) for c in order.children.all())
    assert (parts.name, parts.left, parts.charge) == ("post", 0, charged)


@pytest.mark.parametrize("word", ["Paused", "Expired", "Canceled"])
def test_what_the_provider_does_with_a_subscription_unasked_is_taken_over(box, account, word):
    order = subscribe(box, account)
    box.advance(3 * 3600)
    assert look(order).status == Status.ACTIVE
    children = order.children.count()
    assert children >= 1
    box.force(order.external_id, status=word)
    assert look(order).get_status_display() == word
    assert order.children.count() == children


def test_a_busy_link_waits_behind_ours_and_goes_when_that_has_ended(box, account):
    box.dialect(link_guard=True)
    service = service_at(box, account)
    first, second = (send(place(service, default(service))) for _ in range(2))
    assert (second.status, second.hold_reason) == (Status.HELD, HoldReason.LINK_BUSY)
    assert second.blocked_by_id == first.pk and second.reason
    sweep_due.hold_and_release(now=database_now())
    send(second)
    assert box.calls("add") == 2, "it is not tried while we know who is in the way"
    box.force(first.external_id, status="Completed")
    look(first)
    second.refresh_from_db()
    assert second.status == Status.QUEUED, "the tracking write itself lets it go"
    assert send(second).status == Status.PENDING
    assert [t["link"] for t in box.ledger()] == [LINK, LINK]


def test_three_for_one_link_are_bought_one_after_the_other(box, account):
    box.dialect(link_guard=True)
    service = service_at(box, account)
    first = send(place(service, default(service)))
    spelled = ["http://lumen.example/home", "https://www.lumen.example/home/"]
    line = [place(service, default(service, link), behind=first) for link in spelled]
    for order in [first, *line]:
        order = send(order)
        assert order.status == Status.PENDING
        box.force(order.external_id, status="Completed")
        look(order)
    assert [t["link"] for t in box.ledger()] == [LINK, *spelled]
    assert box.calls("add") == 3


def test_a_link_that_only_the_provider_knows_to_be_busy_is_tried_again_later(box, account):
    box.dialect(link_guard=True)
    service = service_at(box, account)
    theirs = send(place(service, default(service)))
    Order.objects.filter(pk=theirs.pk).update(link_key="somewhere else")
    order = send(place(service, default(service)))
    assert (order.hold_reason, order.blocked_by_id) == (HoldReason.LINK_BUSY, None)
    assert link_queue.release_free(now=database_now()) == []
    box.force(theirs.external_id, status="Completed")
    assert link_queue.release_free(now=order.send_after) == [order]
    Order.objects.filter(pk=order.pk).update(send_after=database_now())
    assert send(order).status == Status.PENDING


def test_a_scheduled_order_is_not_sent_before_its_time(box, account):
    service = service_at(box, account)
    now = database_now()
    order = place(service, default(service), starts_at=now + timedelta(hours=1))
    sending_tasks.sweep()
    assert send(order).status == Status.HELD and not box.ledger()
    Order.objects.filter(pk=order.pk).update(starts_at=now)
    sending_tasks.sweep()
    assert send(order).status == Status.PENDING
    assert len(box.ledger()) == 1


def test_an_alias_added_once_takes_its_orders_with_it(box, account):
    service = service_at(box, account)
    orders = [
        send(place(service, default(service, f"https://lumen.example/{n}"))) for n in range(3)
    ]
    box.dialect(status_words="unknown")
    look(orders[0])
    assert set(Order.objects.values_list("flag", "raw_status")) == {
        (Flag.UNKNOWN_WORD, "Reticulating")
    }
    account.refresh_from_db()
    now = database_now()
    status_aliases.add_alias(account, "reticulating", OrderState.PROCESSING, actor=None, now=now)
    sending_tasks.sweep()
    sending_tasks.poll(provider_id=account.pk)
    assert set(Order.objects.values_list("status", "flag")) == {(Status.PROCESSING, Flag.NONE)}
