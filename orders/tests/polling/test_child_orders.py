"""Drip-feeds and subscriptions: what the provider starts for them is followed too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core import clocks
from orders.models import Order, PollSchedule
from orders.polling import child_orders, poll_batch, poll_cycle, poll_schedule
from orders.status import Flag, Status
from providers.panel_api import OrderState
from tests.builders import NOON, make_order, make_provider, make_service
from tests.fake_provider import FakeProvider, progress
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def make_parent(status: Status = Status.PENDING, service=None, **over) -> Order:
    service = service or make_service(make_provider(calls_per_minute=60_000))
    payload = {
        "service": service.external_id,
        "link": "https://lumen.example/p",
        "quantity": "100",
        "runs": "5",
        "interval": "30",
    }
    return make_order(status, service=service, **{"payload": payload, "units": 500, **over})


def says(*children: str, state: OrderState | None = OrderState.IN_PROGRESS, **more):
    return replace(progress(state, **more), children=children)


def follow(order: Order, provider: FakeProvider, at=NOON) -> None:
    PollSchedule.objects.filter(order=order).update(next_at=at)
    poll_cycle.poll_account(order.provider, provider, clock=lambda: at, seconds=5)
    order.refresh_from_db()


def test_children_become_orders_that_are_followed_on_their_own():
    parent, provider = make_parent(reference="ACME-7"), FakeProvider()
    provider.says[parent.external_id] = says("c1", "c2")
    follow(parent, provider)
    assert (parent.status, parent.parts_done) == (Status.IN_PROGRESS, 2)
    first, second = parent.children.order_by("pk")
    assert (first.external_id, second.external_id) == ("c1", "c2")
    assert (first.status, first.units, first.service_id) == (Status.PENDING, 100, parent.service_id)
    assert (first.reference, first.link, first.placed_by_id) == ("ACME-7", parent.link, None)
    assert "runs" not in first.payload and first.payload["quantity"] == "100"
    assert first.poll_schedule.next_at == NOON + timedelta(seconds=clocks.FIRST_CHECK_SECONDS)
    assert first.events.get().text == f"Started by the provider for order {parent}."
    assert "2 orders were started" in parent.events.get(kind="progress").text
    provider.says["c1"] = progress(OrderState.COMPLETED, charge="0.09", remains=0)
    follow(first, provider)
    assert (first.status, first.charge) == (Status.COMPLETED, Decimal("0.09"))


def test_only_new_children_are_added_and_a_shorter_list_undoes_nothing():
    parent, provider = make_parent(), FakeProvider()
    for children in (("c1",), ("c1", "c2", "c3"), ("c3",), ("c1", "c2", "c3")):
        provider.says[parent.external_id] = says(*children)
        follow(parent, provider)
    assert list(parent.children.order_by("pk").values_list("external_id", flat=True)) == [
        "c1",
        "c2",
        "c3",
    ]
    assert parent.parts_done == 3
    assert PollSchedule.objects.filter(order__parent=parent).count() == 3


def test_the_last_answer_of_a_parent_still_brings_its_children():
    parent, provider = make_parent(), FakeProvider()
    provider.says[parent.external_id] = says("c1", state=OrderState.COMPLETED)
    follow(parent, provider)
    assert parent.status == Status.COMPLETED
    assert parent.children.get().poll_schedule


@pytest.mark.parametrize(
    "state",
    [
        OrderState.ACTIVE,
        OrderState.PAUSED,
        OrderState.EXPIRED,
        OrderState.COMPLETED,
        OrderState.CANCELED,
    ],
)
def test_a_subscription_goes_where_the_provider_says_though_nobody_asked(state):
    parent, provider = (
        make_parent(type="Subscriptions", payload={"username": "lumen"}, units=None),
        (FakeProvider()),
    )
    provider.says[parent.external_id] = says("c1", state=state)
    follow(parent, provider)
    assert parent.status == state.value
    child = parent.children.get()
    assert (child.units, child.payload, child.status) == (None, {}, Status.PENDING)


def test_an_id_that_is_an_order_of_ours_is_never_written_over():
    parent, provider = make_parent(), FakeProvider()
    ours = make_order(Status.COMPLETED, service=parent.service, external_id="ours")
    provider.says[parent.external_id] = says("ours", "c1", parent.external_id)
    follow(parent, provider)
    ours.refresh_from_db()
    assert (ours.parent_id, ours.status) == (None, Status.COMPLETED)
    assert (parent.flag, parent.parts_done) == (Flag.CHILD_TAKEN, 1)
    assert parent.events.get(kind="flagged").evidence == {"orders": ["ours"]}
    provider.says[parent.external_id] = says("ours", "c1", "c2")
    follow(parent, provider)
    assert parent.events.filter(kind="flagged").count() == 1


def test_two_parents_that_claim_one_child_do_not_share_it():
    first, provider = make_parent(), FakeProvider()
    second = make_parent(service=first.service)
    for parent in (first, second):
        provider.says[parent.external_id] = says("c1")
    follow(first, provider)
    second.refresh_from_db()
    assert Order.objects.get(external_id="c1").parent_id == first.pk
    assert (first.flag, second.flag) == ("", Flag.CHILD_TAKEN)


def test_a_flag_that_would_pass_by_itself_does_not_hide_that_an_order_of_ours_was_taken():
    parent = make_parent(flag=Flag.UNKNOWN_WORD)
    make_order(Status.COMPLETED, service=parent.service, external_id="ours")
    child_orders.add_children([(parent.pk, ("ours",))], now=NOON)
    parent.refresh_from_db()
    assert parent.flag == Flag.CHILD_TAKEN
    assert parent.events.get(kind="flagged").evidence == {"orders": ["ours"]}


def test_an_id_of_another_account_is_no_matter():
    elsewhere = make_order(Status.COMPLETED, external_id="c1")
    parent, provider = make_parent(), FakeProvider()
    provider.says[parent.external_id] = says("c1")
    follow(parent, provider)
    assert parent.flag == "" and parent.children.get() != elsewhere


def test_a_child_that_a_send_was_answered_with_in_this_moment_stays_that_order(monkeypatch):
    parent = make_parent()
    monkeypatch.setattr(child_orders, "_known", lambda *_: {})
    make_order(Status.PENDING, service=parent.service, external_id="c1")
    child_orders.add_children([(parent.pk, ("c1", "c2"))], now=NOON)
    assert parent.children.get().external_id == "c2"


def test_ten_parents_cost_the_queries_of_one():
    def queries(number: int) -> int:
        account = make_provider()
        service = make_service(account)
        families = [
            (make_parent(service=service).pk, (f"{account.pk}-{n}-a", f"{account.pk}-{n}-b"))
            for n in range(number)
        ]
        captured = queries_of(lambda: child_orders.add_children(families, now=NOON))
        return sum(not q.startswith('UPDATE "orders_order"') for q in captured)

    assert queries(10) == queries(1)


def test_a_long_list_is_read_in_pieces():
    parent = make_parent()
    ids = tuple(f"c{n}" for n in range(2 * child_orders.AT_ONCE + 1))
    assert child_orders.add_children([(parent.pk, ids)], now=NOON) == len(ids)
    assert child_orders.add_children([(parent.pk, ids)], now=NOON) == 0
    assert PollSchedule.objects.filter(order__parent=parent).count() == len(ids)


def test_orders_without_children_cost_nothing_more():
    parent = make_parent()
    schedules = poll_schedule.due_batch(parent.provider, NOON)
    captured = queries_of(
        lambda: poll_batch.record_answers(schedules, {parent.external_id: progress()}, now=NOON)
    )
    assert not [q for q in captured if "parent_id" in q]
