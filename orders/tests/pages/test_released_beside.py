"""A held order is released, or started now, beside the same: the person is asked first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orders import shown
from orders.links import link_key
from orders.models import Order
from orders.placing import before_sending, place_orders
from orders.status import HoldReason, Status
from tests.builders import make_order
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
LINK = "https://lumen.example/home"
WAITING = [HoldReason.LINK_BUSY, HoldReason.SCHEDULED, HoldReason.STAFF]


def same(status: Status, beside: Order | None = None, **over: Any) -> Order:
    service: dict[str, Any] = {"service": beside.service} if beside else {}
    at = timezone.now() - timedelta(hours=3)
    place: dict[str, Any] = {"link": LINK, "link_key": link_key(LINK), "created_at": at}
    return make_order(status, **(place | service | over))


def status_of(order: Order) -> str:
    return Order.objects.values_list("status", flat=True).get(pk=order.pk)


@pytest.mark.parametrize("reason", WAITING)
@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.GIVEN_UP, Status.IN_PROGRESS])
def test_it_is_sent_beside_the_same_only_once_that_is_meant(
    staff: Client, reason: HoldReason, status: Status
) -> None:
    doubted = same(status, external_id="77" if status == Status.IN_PROGRESS else "")
    order = same(Status.HELD, doubted, hold_reason=reason)
    said = {"shown": shown.of_hold(order)}
    answer = staff.post(f"/orders/{order.pk}/release/", said)
    page = one_line(answer.content.decode())
    assert (answer.status_code, status_of(order)) == (422, Status.HELD)
    assert f'<a href="/orders/{doubted.pk}/">{doubted}</a>' in page
    assert "Send it anyway, as a second order" in page
    said["place_anyway"] = answer.context["release_form"].consent
    same(Status.QUEUED, doubted)
    said["shown"] = shown.of_hold(order)
    answer = staff.post(f"/orders/{order.pk}/release/", said)
    assert (answer.status_code, status_of(order)) == (422, Status.HELD)
    said["place_anyway"] = answer.context["release_form"].consent
    assert staff.post(f"/orders/{order.pk}/release/", said).status_code == 302
    assert status_of(order) == Status.QUEUED


def test_what_is_bought_between_the_click_and_the_release_is_asked_about(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = same(Status.HELD, hold_reason=HoldReason.STAFF)
    why_not = before_sending.why_not_released

    def another_comes(*asked: Any) -> str:
        same(Status.UNCONFIRMED, order)
        return why_not(*asked)

    monkeypatch.setattr(place_orders, "why_not_released", another_comes)
    answer = staff.post(f"/orders/{order.pk}/release/", {"shown": shown.of_hold(order)})
    assert (answer.status_code, status_of(order)) == (422, Status.HELD)
    assert "place_anyway" in answer.content.decode()


def test_nothing_is_asked_where_there_is_nothing_beside_it(staff: Client) -> None:
    order = same(Status.HELD, hold_reason=HoldReason.SCHEDULED)
    same(Status.UNCONFIRMED)  # of another service
    answer = staff.post(f"/orders/{order.pk}/release/", {"shown": shown.of_hold(order)})
    assert (answer.status_code, status_of(order)) == (302, Status.QUEUED)
