"""The line before a link, and orders that start at a time."""

from __future__ import annotations

import uuid
from datetime import timedelta
from unittest import mock

import pytest
from django.db import DataError, connection

from core import clocks
from orders import link_queue
from orders.draft import OrderDraft
from orders.links import link_key
from orders.models import Order
from orders.placing import place_orders
from orders.sending import send_orders, sweep_due
from orders.status import HoldReason, Status
from providers.models import ProviderState
from providers.panel_api import DefaultPayload, RefusalCode
from tests.builders import NOON, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.services]

LINK = "https://lumen.example/home"
LATER = NOON + timedelta(hours=2)


def on_link(status: Status = Status.IN_PROGRESS, service=None, link=LINK, **over) -> Order:
    return make_order(status, service=service, link=link, link_key=link_key(link), **over)


def place(service, *, link=LINK, **more) -> Order:
    payload = DefaultPayload(service_id=service.external_id, link=link, quantity=100)
    draft = OrderDraft(service, payload, uuid.uuid4())
    return place_orders.place_order(draft, placed_by=None, now=NOON, **more)[0]


def end(order: Order, status: Status = Status.COMPLETED) -> None:
    there = order.external_id or f"there-{order.pk}"
    Order.objects.filter(pk=order.pk).update(status=status, ended_at=NOON, external_id=there)


def where(order: Order) -> tuple[str, str, int | None]:
    order.refresh_from_db()
    return order.status, order.hold_reason, order.blocked_by_id


def test_an_order_waits_behind_the_one_that_has_its_link_and_goes_when_that_ends():
    first = on_link()
    second = place(first.service, behind=first)
    assert where(second) == (Status.HELD, HoldReason.LINK_BUSY, first.pk)
    assert link_queue.release_free(now=NOON) == []
    end(first)
    sweep_due.hold_and_release(now=NOON)
    assert where(second) == (Status.QUEUED, "", None)


def test_a_line_goes_one_at_a_time_and_in_order():
    running = on_link()
    line = [place(running.service, behind=running) for _ in range(3)]
    line += [
        place(
            running.service, behind=link_queue.last_in_line(running.provider_id, running.link_key)
        )
    ]
    assert line[-1].blocked_by_id == line[2].pk
    end(running)
    for here, order in enumerate(line):
        assert [o.pk for o in link_queue.release_free(now=NOON)] == [order.pk]
        assert link_queue.release_free(now=NOON) == []
        assert {
            o.status for o in Order.objects.filter(pk__in=[o.pk for o in line[here + 1 :]])
        } <= {Status.HELD}
        end(order)


def test_withdrawing_one_in_the_middle_lets_the_rest_wait_for_the_one_before():
    running = on_link()
    second = place(running.service, behind=running)
    third = place(running.service, behind=second)
    place_orders.withdraw_order(second, actor=make_user(), now=NOON)
    assert link_queue.release_free(now=NOON) == []
    assert where(third) == (Status.HELD, HoldReason.LINK_BUSY, running.pk)


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ("http://www.LUMEN.example/home/", True),
        ("https://lumen.example:443/home#top", True),
        ("https://lumen.example/home?page=2", False),
        ("https://lumen.example/Home", False),
    ],
)
def test_links_are_compared_without_their_spelling_and_sent_as_written(other, is_same):
    first = on_link()
    second = place(first.service, link=other, behind=first)
    assert (second.status == Status.HELD) is is_same
    assert second.payload["link"] == other


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.REJECTED, Status.NOT_PLACED])
def test_nobody_waits_behind_what_has_ended_meanwhile(status):
    ended = on_link(status)
    assert place(ended.service, behind=ended).status == Status.QUEUED


def test_nobody_waits_behind_an_order_of_another_account():
    elsewhere = on_link()
    assert place(make_service(), behind=elsewhere).status == Status.QUEUED


def test_an_order_of_another_service_of_the_account_has_the_link_too():
    first = on_link()
    second = place(make_service(first.provider), behind=first)
    assert second.blocked_by_id == first.pk


def test_the_providers_own_refusal_puts_it_behind_the_newest_order_with_that_link():
    service = make_service()
    on_link(service=service)
    newest = on_link(service=service)
    order, provider = place(service), FakeProvider()
    provider.then = refusal(RefusalCode.LINK_BUSY, "You have active order with this link.")
    send_orders.send_order(order, order.provider, provider, clock=lambda: NOON)
    assert where(order) == (Status.HELD, HoldReason.LINK_BUSY, newest.pk)
    assert order.reason == "You have active order with this link."


def test_where_only_the_provider_knows_who_is_in_the_way_it_is_tried_more_and_more_rarely():
    order, provider, now = place(make_service()), FakeProvider(), NOON
    for seconds in (*clocks.LINK_BUSY_RETRY_SECONDS, clocks.LINK_BUSY_RETRY_SECONDS[-1]):
        provider.then = refusal(RefusalCode.LINK_BUSY)
        assert send_orders.send_order(order, order.provider, provider, clock=lambda: now)  # noqa: B023  (called at once)
        assert where(order) == (Status.HELD, HoldReason.LINK_BUSY, None)
        assert order.send_after == now + timedelta(seconds=seconds)
        assert link_queue.release_free(now=order.send_after - timedelta(seconds=1)) == []
        now = order.send_after
        assert [o.pk for o in link_queue.release_free(now=now)] == [order.pk]
        order.refresh_from_db()


def test_two_that_were_refused_for_each_other_do_not_wait_in_a_circle():
    service, provider = make_service(), FakeProvider()
    orders = [place(service), place(service)]
    for order in orders:
        provider.then = refusal(RefusalCode.LINK_BUSY)
        send_orders.send_order(order, order.provider, provider, clock=lambda: NOON)
    assert [where(order)[0] for order in orders] == [Status.HELD, Status.HELD]
    (released,) = link_queue.release_free(now=NOON)
    assert released.pk == orders[0].pk


def test_one_waits_for_the_order_staff_placed_rather_than_for_a_run_of_it():
    parent = on_link()
    on_link(service=parent.service, parent=parent)
    assert link_queue.last_in_line(parent.provider_id, parent.link_key) == parent
    order = place(parent.service, behind=parent)
    end(parent)
    assert link_queue.release_free(now=NOON) == [], "its run keeps the link busy"
    assert order.status == Status.HELD


def test_staff_may_release_or_withdraw_a_waiting_order():
    first = on_link()
    second, third = place(first.service, behind=first), place(first.service, behind=first)
    assert place_orders.release_order(second, actor=make_user(), now=NOON)
    assert place_orders.withdraw_order(third, actor=make_user(), now=NOON)
    assert where(second) == (Status.QUEUED, "", None)
    assert where(third) == (Status.WITHDRAWN, "", None)


def test_a_queued_order_can_be_put_behind():
    first = on_link()
    order, alone = place(first.service), place(make_service())
    assert link_queue.hold_behind(order, now=NOON)
    assert where(order) == (Status.HELD, HoldReason.LINK_BUSY, first.pk)
    assert not link_queue.hold_behind(alone, now=NOON)


def test_a_scheduled_order_is_held_until_its_time():
    order = place(make_service(), starts_at=LATER)
    assert where(order) == (Status.HELD, HoldReason.SCHEDULED, None)
    sweep_due.hold_and_release(now=LATER - timedelta(seconds=1))
    assert order.status == Status.HELD
    sweep_due.hold_and_release(now=LATER)
    assert where(order) == (Status.QUEUED, "", None)
    assert send_orders.next_to_send(order.provider, LATER) == order


def test_a_time_that_has_passed_is_now():
    assert place(make_service(), starts_at=NOON).status == Status.QUEUED


def test_a_scheduled_order_keeps_no_link_busy():
    scheduled = place(make_service(), starts_at=LATER)
    assert link_queue.last_in_line(scheduled.provider_id, scheduled.link_key) is None


def test_an_order_may_wait_for_its_time_and_then_for_its_link():
    first = on_link()
    order = place(first.service, behind=first, starts_at=LATER)
    assert where(order) == (Status.HELD, HoldReason.SCHEDULED, first.pk)
    sweep_due.hold_and_release(now=LATER)
    assert where(order) == (Status.HELD, HoldReason.LINK_BUSY, first.pk)
    end(first)
    sweep_due.hold_and_release(now=LATER)
    assert where(order) == (Status.QUEUED, "", None)


def test_a_scheduled_order_of_a_paused_provider_waits_on():
    service = make_service(make_provider(state=ProviderState.PAUSED))
    order = place(service, starts_at=LATER)
    sweep_due.hold_and_release(now=LATER)
    assert where(order) == (Status.HELD, HoldReason.PROVIDER_PAUSED, None)


def test_staff_may_start_it_now_or_withdraw_it():
    now, never = (place(make_service(), starts_at=LATER) for _ in range(2))
    assert place_orders.release_order(now, actor=make_user(), now=NOON)
    assert place_orders.withdraw_order(never, actor=make_user(), now=NOON)
    assert (where(now)[0], where(never)[0]) == (Status.QUEUED, Status.WITHDRAWN)


def test_reference_and_note_are_kept():
    order = place(make_service(), reference="ACME-7", note="for the launch")
    assert (order.reference, order.note) == ("ACME-7", "for the launch")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="it reads SQLite's own words")
def test_the_line_is_found_by_its_link_and_not_by_walking_the_account():
    waiting = Order.objects.waiting_for_link()
    lines = link_queue._whose_turn_it_is(waiting, NOON).explain().splitlines()
    assert [line for line in lines if "SEARCH U0" in line and "link_key=?" in line]
    assert not [line for line in lines if "SEARCH U0" in line and "link_key=?" not in line]
    assert "link_key=?" in Order.objects.on_link(1, "k").explain()


def test_an_order_that_cannot_be_told_in_the_history_does_not_stand_in_line(monkeypatch):
    first = on_link()
    order = place(first.service, starts_at=LATER, behind=first)
    fails = mock.Mock(side_effect=DataError("no room for the line"))
    monkeypatch.setattr(Order, "remember", fails)
    assert link_queue.start_scheduled(now=LATER) == 0 and fails.called
    assert where(order) == (Status.HELD, HoldReason.SCHEDULED, first.pk)
