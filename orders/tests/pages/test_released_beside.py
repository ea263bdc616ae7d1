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
TICK = "Tick the box if you mean it."
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


def test_the_first_press_is_asked_and_told_of_no_fault(staff: Client) -> None:
    doubted = same(Status.UNCONFIRMED)
    order = same(Status.HELD, doubted, hold_reason=HoldReason.STAFF)
    said, url = {"shown": shown.of_hold(order)}, f"/orders/{order.pk}/release/"
    page = one_line(staff.post(url, said).content.decode())
    assert f"Send it now, beside {doubted}?" in page and "Released," not in page
    assert 'aria-invalid="true"' not in page and TICK not in page
    page = one_line(staff.post(url, {**said, "asked": "on"}).content.decode())
    assert 'aria-invalid="true"' in page and TICK in page
    assert status_of(order) == Status.HELD


def test_the_question_has_the_only_button_that_releases(staff: Client) -> None:
    doubted = same(Status.UNCONFIRMED)
    order = same(Status.HELD, doubted, hold_reason=HoldReason.STAFF)
    url, releases = f"/orders/{order.pk}/", f'action="/orders/{order.pk}/release/'
    assert staff.get(url).content.decode().count(releases) == 1
    page = staff.post(f"{url}release/", {"shown": shown.of_hold(order)}).content.decode()
    assert page.count(releases) == 1 and f'hx-get="{url}?asked=on"' in page
    polled = staff.get(f"{url}?asked=on", headers={"HX-Request": "true"}).content.decode()
    assert 'id="order-live"' in polled and releases not in polled
    assert releases in staff.get(f"{url}?asked=on").content.decode()


def test_beside_two_it_is_no_second_order(staff: Client) -> None:
    doubted = same(Status.UNCONFIRMED)
    newest = same(Status.UNCONFIRMED, doubted)
    order = same(Status.HELD, doubted, hold_reason=HoldReason.STAFF)
    answer = staff.post(f"/orders/{order.pk}/release/", {"shown": shown.of_hold(order)})
    page = one_line(answer.content.decode())
    assert f"Send it now, beside {newest} and 1 more?" in page
    assert "Send it anyway, as one order more" in page and "second order" not in page


def test_an_order_that_waits_says_which_of_the_two_is_queued(staff: Client) -> None:
    first = same(Status.IN_PROGRESS, external_id="77")
    order = same(Status.HELD, first, hold_reason=HoldReason.LINK_BUSY)
    page = one_line(staff.get(f"/orders/{order.pk}/").content.decode())
    assert f"This order, {order}, is queued once {first} has ended." in page
