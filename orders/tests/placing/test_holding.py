"""A person keeps a queued order from being sent, until somebody releases it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from orders import link_queue
from orders.models import Attempt, Order
from orders.pages import order_views
from orders.placing import before_sending, place_orders
from orders.sending import claims, send_orders, sweep_due
from orders.status import HoldReason, Status
from orders.tests.sending.test_races import at_once, noon
from providers.models import ProviderHealth
from tests.builders import NOON, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
SENDERS, HOLDERS, TIMES = 3, 3, 4


def read(order: Order) -> Order:
    return Order.objects.select_related("provider").get(pk=order.pk)


def held_by_staff(order: Order) -> bool:
    now = read(order)
    return (now.status, now.hold_reason) == (Status.HELD, HoldReason.STAFF)


def test_an_order_held_at_the_moment_of_its_claim_is_sent_once_or_held() -> None:
    service, person = make_service(make_provider(add_spacing_ms=0)), make_user()
    for _ in range(TIMES):
        order, provider = make_order(service=service), FakeProvider()

        def act(number: int, order: Order = order, provider: FakeProvider = provider) -> bool:
            mine = read(order)
            if number < HOLDERS:
                return place_orders.hold_order(mine, actor=person, now=NOON)
            return send_orders.send_order(mine, mine.provider, provider, clock=noon)

        came_true = at_once(act, threads=HOLDERS + SENDERS)
        held, sent = sum(came_true[:HOLDERS]), len(provider.placed)
        assert (held, sent) in {(1, 0), (0, 1)}
        assert held_by_staff(order) is bool(held)
        assert Attempt.objects.filter(order=order).count() == sent


def test_a_worker_that_read_it_before_it_was_held_sends_nothing() -> None:
    order, provider = make_order(), FakeProvider()
    in_hand = read(order)
    assert place_orders.hold_order(order, actor=make_user(), now=NOON)
    assert not send_orders.send_order(in_hand, in_hand.provider, provider, clock=noon)
    assert provider.placed == [] and held_by_staff(order)


@pytest.mark.parametrize("reads_late", [True, False])
def test_an_order_that_a_worker_has_taken_is_not_held(reads_late: bool) -> None:
    order = make_order()
    seen = read(order)
    assert claims.claim(order, order.provider, now=NOON)
    seen = read(order) if reads_late else seen
    assert not place_orders.hold_order(seen, actor=make_user(), now=NOON)
    assert read(order).status == Status.SENDING


def test_a_sweep_that_read_an_earlier_hold_does_not_undo_that_of_a_person() -> None:
    order, person = make_order(Status.HELD, hold_reason=HoldReason.PROVIDER_PAUSED), make_user()
    in_hand = read(order)
    assert place_orders.release_order(order, actor=person, now=NOON)
    assert place_orders.hold_order(order, actor=person, now=NOON)
    assert not in_hand.move(Status.QUEUED, now=NOON)
    assert held_by_staff(order)


def test_no_sweep_releases_it_and_its_link_stays_busy() -> None:
    order = make_order()
    assert place_orders.hold_order(order, actor=make_user(), now=NOON)
    behind = make_order(service=order.service, link=order.link, link_key=order.link_key)
    assert link_queue.hold_behind(behind, now=NOON)
    sweep_due.hold_and_release(now=NOON)
    assert held_by_staff(order) and read(behind).blocked_by_id == order.pk
    assert read(behind).status == Status.HELD


def test_it_is_held_and_released_on_its_page(staff: Client) -> None:
    order = make_order()
    assert f"/orders/{order.pk}/hold/" in staff.get(f"/orders/{order.pk}/").content.decode()
    page = staff.post(f"/orders/{order.pk}/hold/", follow=True).content.decode()
    assert "It is not sent until it is released." in page
    assert "Held by staff until it is released" in page and held_by_staff(order)
    staff.post(f"/orders/{order.pk}/release/", {"shown": "staff"})
    assert read(order).status == Status.QUEUED


def test_one_that_a_sweep_held_first_is_not_said_to_stay(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order()
    real = place_orders.hold_order

    def too_late(found: Order, **more: Any) -> bool:
        assert found.move(Status.HELD, now=NOON, hold_reason=HoldReason.FUNDS)
        return real(order, **more)

    monkeypatch.setattr(order_views, "hold_order", too_late)
    answer = staff.post(f"/orders/{order.pk}/hold/", follow=True).content.decode()
    assert f"was not held. Its status is held now. {before_sending.GOES_ON}" in answer


@pytest.mark.parametrize("reason", [HoldReason.FUNDS, HoldReason.KEY])
def test_a_release_that_came_too_late_leaves_the_account_as_it_is(reason: HoldReason) -> None:
    order, person = make_order(Status.HELD, hold_reason=reason), make_user()
    refused = {"funds_refused_at": NOON, "key_refused_at": NOON, "next_add_at": NOON}
    health = ProviderHealth.objects.filter(provider=order.provider)
    health.update(**refused)
    late = read(order)
    assert order.move(Status.WITHDRAWN, now=NOON)
    assert not place_orders.release_order(late, actor=person, now=NOON)
    assert health.values(*refused).get() == refused


def test_the_step_is_greyed_with_the_reason_once_a_worker_has_it(staff: Client) -> None:
    order = make_order(Status.SENDING)
    page = one_line(staff.get(f"/orders/{order.pk}/").content.decode())
    assert "Hold: It is being sent at this moment." in page
    assert f"/orders/{order.pk}/hold/" not in page
    answer = staff.post(f"/orders/{order.pk}/hold/", follow=True).content.decode()
    assert "was not held. Its status is sending now" in answer
