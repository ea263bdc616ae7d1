"""Whoever places what they placed a short while ago is asked, although that order has ended."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core import clocks
from core.models import User
from orders.draft import OrderDraft
from orders.links import link_key
from orders.models import Order
from orders.placing.order_again import CannotOrderAgain, draft_again
from orders.placing.order_form import OrderForm, form_for
from orders.placing.place_orders import NotAgreed, place_order
from orders.repeats import Lately, name_of
from orders.status import COSTS_NOTHING, ENDED_THERE, Status
from providers.panel_api import DefaultPayload
from tests.builders import NOON, make_order, make_service, make_user, terms_shown
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LINK = "https://lumen.example/home"
WINDOW = timedelta(seconds=clocks.SAME_ORDER_SECONDS)


def placed(status: Status = Status.COMPLETED, **over: Any) -> Order:
    same: dict[str, Any] = {"link": LINK, "link_key": link_key(LINK), "units": 1000}
    return make_order(status, **(same | over))


def typed_anew(order: Order, person: User | None, **over: Any) -> OrderForm:
    values = {"form_key": str(uuid.uuid4()), "link": "http://www.lumen.example/home/"}
    data = values | {"quantity": "1000"} | over
    form = form_for(order.service, now=NOON, person=person, data=data)
    form.is_valid()
    return form


@pytest.mark.parametrize("status", sorted(ENDED_THERE))
def test_the_same_order_typed_anew_is_asked_about_although_it_has_ended(status: Status) -> None:
    order = placed(status, placed_by=make_user())
    form = typed_anew(order, order.placed_by)
    assert list(form.errors) == ["place_anyway"] and form.same_payloads == [order]
    assert typed_anew(order, order.placed_by, place_anyway=form.consent).is_valid()


@pytest.mark.parametrize("status", sorted(COSTS_NOTHING))
def test_what_bought_nothing_is_no_matter(status: Status) -> None:
    order = placed(status, placed_by=make_user())
    assert typed_anew(order, order.placed_by).is_valid()


def test_another_person_quantity_service_link_or_day_is_no_matter() -> None:
    order = placed(placed_by=make_user())
    person = order.placed_by
    assert typed_anew(order, make_user()).is_valid() and typed_anew(order, None).is_valid()
    assert typed_anew(order, person, quantity="999").is_valid()
    assert typed_anew(order, person, link="https://lumen.example/other").is_valid()
    assert typed_anew(make_order(placed_by=person), person).is_valid()
    Order.objects.filter(pk=order.pk).update(created_at=NOON - WINDOW)
    assert not typed_anew(order, person).is_valid()
    Order.objects.filter(pk=order.pk).update(created_at=NOON - WINDOW - timedelta(seconds=1))
    assert typed_anew(order, person).is_valid()


def test_what_a_provider_started_for_an_order_is_not_asked_about() -> None:
    parent = placed(placed_by=make_user(), link="@lumen", link_key=link_key("@lumen"))
    part = placed(parent=parent, service=parent.service, placed_by=parent.placed_by)
    assert typed_anew(part, parent.placed_by).is_valid()


def test_consent_covers_only_orders_that_were_shown() -> None:
    """Another quantity brings an older order up, which the box that is ticked did not speak of."""
    person = make_user()
    small = placed(placed_by=person, units=500)
    still_open = placed(Status.IN_PROGRESS, service=small.service, placed_by=person)
    shown = typed_anew(small, person)
    assert shown.same_payloads == [still_open]
    less = typed_anew(small, person, quantity="500", place_anyway=shown.consent)
    assert less.same_payloads == [still_open, small] and not less.is_valid()
    assert typed_anew(small, person, place_anyway=less.consent).is_valid()


def test_who_queues_it_after_another_order_is_asked_about_the_one_that_has_ended() -> None:
    person = make_user()
    ended = placed(placed_by=person)
    placed(Status.QUEUED, service=ended.service, placed_by=person)
    assert list(typed_anew(ended, person, queue_behind="on").errors) == ["place_anyway"]


def test_an_order_that_was_placed_and_ended_in_between_is_told_with_the_insert() -> None:
    """Both tabs were checked before either placed it, and the first one has ended by now."""
    service, person = make_service(), make_user()
    payload = DefaultPayload(service_id=service.external_id, link=LINK, quantity=1000)
    unseen = OrderDraft(service, payload, uuid.uuid4(), told_of=frozenset())
    placed(service=service, placed_by=person)
    with pytest.raises(NotAgreed, match="was placed already"):
        place_order(unseen, placed_by=person, now=NOON)
    assert Order.objects.count() == 1
    assert place_order(unseen, placed_by=make_user(), now=NOON)[1]


def test_order_again_asks_about_the_order_itself_where_it_was_placed_a_short_while_ago() -> None:
    order = placed(placed_by=make_user())
    with pytest.raises(CannotOrderAgain, match=f"placed the same a short while ago, as .*{order}"):
        draft_again(order, uuid.uuid4(), now=NOON, person=order.placed_by)
    meant = draft_again(order, uuid.uuid4(), now=NOON, person=order.placed_by, beside_open=True)
    assert meant.told_of == frozenset({name_of(order.form_key, order.status)})
    assert place_order(meant, placed_by=order.placed_by, now=NOON)[1]


def test_the_page_says_what_was_placed_and_places_it_once_it_is_meant(staff: Client) -> None:
    person = User.objects.get(pk=staff.session["_auth_user_id"])
    order = placed(placed_by=person, created_at=timezone.now() - timedelta(minutes=7))
    data = {"service": order.service_id, "form_key": uuid.uuid4(), "link": LINK}
    data |= {"quantity": "1000", "terms": terms_shown(order.service)}
    answer = staff.post("/orders/new/", data)
    page = one_line(answer.content.decode())
    assert answer.status_code == 422 and Order.objects.count() == 1
    assert "You placed this a short while ago: the same service, link and quantity" in page
    assert f'<a href="/orders/{order.pk}/">{order}</a>' in page
    data["place_anyway"] = answer.context["form"].consent
    assert staff.post("/orders/new/", data).status_code == 302
    assert Order.objects.count() == 2


def test_beside_some_that_have_ended_the_page_calls_not_all_open_nor_it_a_second_one(
    staff: Client,
) -> None:
    person = User.objects.get(pk=staff.session["_auth_user_id"])
    order = placed(placed_by=person, created_at=timezone.now() - timedelta(minutes=7))
    placed(Status.UNCONFIRMED, service=order.service)
    data = {"service": order.service_id, "form_key": uuid.uuid4(), "link": LINK}
    data |= {"quantity": "1000", "terms": terms_shown(order.service)}
    page = one_line(staff.post("/orders/new/", data).content.decode())
    assert "each is open, may have been bought or was placed by you a short while ago" in page
    assert "as one order more" in page and "as a second order" not in page


@pytest.mark.skipif(connection.vendor != "sqlite", reason="it reads SQLite's own words")
def test_repeats_are_found_by_their_link() -> None:
    service, person = make_service(), make_user()
    lately = Lately.by(person, NOON)
    assert lately
    same = Order.objects.with_same_payload(service, "k", 1000, lately)
    assert "link_key=?" in same.order_by("-pk")[:5].explain()
    for some in (lately, Lately.by_anybody(NOON)):
        assert "link_key=?" in Order.objects.filter(some.orders, link_key__in=["k", "l"]).explain()
