"""An order that was not placed is sent again beside the same that was bought since."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orders import shown
from orders.draft import OrderDraft
from orders.links import link_key
from orders.models import Order
from orders.placing.place_orders import NotAgreed, place_order, requeue_order
from orders.repeats import name_of
from orders.status import Status
from orders.tests.sending.test_races import at_once
from providers.panel_api import DefaultPayload
from tests.builders import NOON, make_order, make_unmatched_order, make_user
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
LINK = "https://lumen.example/home"


def not_placed() -> Order:
    at = timezone.now() - timedelta(hours=3)
    return make_order(Status.NOT_PLACED, link=LINK, link_key=link_key(LINK), created_at=at)


def twin_of(order: Order, status: Status = Status.COMPLETED) -> Order:
    same: dict[str, Any] = {"service": order.service, "link": LINK, "link_key": order.link_key}
    at = timezone.now() - timedelta(minutes=5)
    return make_order(status, units=order.units, created_at=at, **same)


def status_of(order: Order) -> str:
    return Order.objects.values_list("status", flat=True).get(pk=order.pk)


def said(order: Order) -> dict[str, str]:
    return {"sure": "on", "shown": shown.of_order(order)}


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.QUEUED, Status.GIVEN_UP])
def test_an_old_tab_does_not_send_it_beside_what_was_bought_since(
    staff: Client, status: Status
) -> None:
    order = not_placed()
    drawn = said(order)
    twin = twin_of(order, status)
    answer = staff.post(f"/orders/{order.pk}/requeue/", drawn)
    assert (answer.status_code, status_of(order)) == (422, Status.NOT_PLACED)
    assert f'href="/orders/{twin.pk}/"' in answer.content.decode()
    with pytest.raises(NotAgreed, match=f"#{twin.pk}"):
        requeue_order(order, actor=make_user(), now=timezone.now())
    assert status_of(order) == Status.NOT_PLACED


def test_the_page_names_what_it_may_buy_twice_and_sends_it_once_that_is_meant(
    staff: Client,
) -> None:
    order = not_placed()
    twin = twin_of(order)
    page = one_line(staff.get(f"/orders/{order.pk}/").content.decode())
    assert f'name="place_anyway" value="{name_of(twin.form_key, twin.status)}"' in page
    later = twin_of(order)
    meant = said(order) | {"place_anyway": name_of(twin.form_key, twin.status)}
    assert staff.post(f"/orders/{order.pk}/requeue/", meant).status_code == 422
    meant["place_anyway"] = (
        f"{name_of(later.form_key, later.status)}.{name_of(twin.form_key, twin.status)}"
    )
    staff.post(f"/orders/{order.pk}/requeue/", meant)
    assert status_of(order) == Status.QUEUED


@pytest.mark.parametrize("words", ["x", "-1", "9" * 30, ".", "1e3"])
def test_what_names_no_order_is_no_consent(staff: Client, words: str) -> None:
    order = not_placed()
    twin_of(order)
    answer = staff.post(f"/orders/{order.pk}/requeue/", said(order) | {"place_anyway": words})
    assert (answer.status_code, status_of(order)) == (422, Status.NOT_PLACED)


def test_other_services_links_and_days_are_no_matter(staff: Client) -> None:
    order = not_placed()
    make_order(Status.COMPLETED, service=order.service, created_at=timezone.now())
    make_order(Status.COMPLETED, link=order.link, link_key=order.link_key)
    Order.objects.filter(pk=twin_of(order).pk).update(created_at=NOON - timedelta(days=30))
    staff.post(f"/orders/{order.pk}/requeue/", said(order))
    assert status_of(order) == Status.QUEUED


def test_it_is_not_sent_beside_what_has_no_order_here_unless_that_is_meant(staff: Client) -> None:
    order = not_placed()
    drawn = said(order)
    over: dict[str, Any] = {"link": LINK, "service_id": order.service.external_id}
    make_unmatched_order(order.provider, external_id="777", **over)
    with pytest.raises(NotAgreed, match="as 777"):
        requeue_order(order, actor=make_user(), now=timezone.now())
    answer = staff.post(f"/orders/{order.pk}/requeue/", drawn)
    assert (answer.status_code, status_of(order)) == (422, Status.NOT_PLACED)
    assert "as 777" in answer.content.decode()
    meant = drawn | {"place_anyway": answer.context["queue_again_form"].consent}
    make_unmatched_order(order.provider, external_id="778", **over)
    assert staff.post(f"/orders/{order.pk}/requeue/", meant).status_code == 422
    page = staff.get(f"/orders/{order.pk}/")
    assert "as 777" in page.content.decode() and "as 778" in page.content.decode()
    meant["place_anyway"] = page.context["queue_again_form"].consent
    staff.post(f"/orders/{order.pk}/requeue/", meant)
    assert status_of(order) == Status.QUEUED


def test_of_two_that_were_not_placed_and_one_typed_anew_one_is_queued() -> None:
    first = not_placed()
    second = twin_of(first, Status.NOT_PLACED)
    person, number = make_user(), first.service.external_id
    payload = DefaultPayload(service_id=number, link=first.link, quantity=1000)
    anew = OrderDraft(first.service, payload, uuid.uuid4(), told_of=frozenset())
    first, second = Order.objects.order_by("pk")

    def act(number: int) -> bool:
        try:
            if number % 3 == 0:
                return place_order(anew, placed_by=person, now=timezone.now())[1]
            order = Order.objects.get(pk=(first, second)[number % 2].pk)
            return requeue_order(order, actor=person, now=timezone.now())
        except NotAgreed:
            return False

    assert sum(at_once(act, threads=3)) == 1
    assert Order.objects.filter(status=Status.QUEUED).count() == 1


def test_a_tick_names_orders_also_where_their_numbers_stand_for_others_by_now(
    staff: Client,
) -> None:
    order = not_placed()
    twin = twin_of(order)
    meant = said(order) | {"place_anyway": name_of(twin.form_key, twin.status)}
    Order.objects.filter(pk=twin.pk).update(form_key=uuid.uuid4())  # another one, after a restore
    answer = staff.post(f"/orders/{order.pk}/requeue/", meant)
    assert (answer.status_code, status_of(order)) == (422, Status.NOT_PLACED)
