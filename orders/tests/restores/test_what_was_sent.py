"""What a listed send was for: told of to whoever orders the same, and never taken for another."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from orders.draft import OrderDraft
from orders.links import link_key
from orders.models import Order, UnmatchedOrder
from orders.placing.left_sends import left_sends
from orders.placing.place_orders import NotAgreed, place_order
from orders.sending.restore_check import guard
from orders.status import Status
from providers.models import Service
from providers.panel_api import CustomCommentsPayload, SubscriptionPayload
from tests.builders import NOON, make_service
from tests.fake_provider import FakeProvider

from ..mass.test_place_lines import make_batch
from ..placing.test_placing import draft
from ..sending.test_restore_guard import LATER, acknowledge, forget, send

pytestmark = [pytest.mark.django_db, pytest.mark.services]
AFTER = LATER + timedelta(minutes=1)


def sent_and_forgotten(form: OrderDraft) -> UnmatchedOrder:
    """Bought, and found after the database was put back."""
    order, _ = place_order(form, placed_by=None, now=NOON)
    send(order, FakeProvider())
    forget(order)
    guard.check_database(now=LATER)
    acknowledge(LATER)
    return UnmatchedOrder.objects.get()


def posts_of(name: str, service: Service) -> OrderDraft:
    payload = SubscriptionPayload(
        service_id=service.external_id,
        username=name,
        min=100,
        max=200,
        delay=5,
        posts=3,
        expiry=date(2027, 1, 2),
    )
    return OrderDraft(service, payload, uuid.uuid4())


def long_link(end: str, service: Service) -> OrderDraft:
    return draft(service, link="https://lumen.example/" + "a" * 400 + end)


MAKE: dict[str, tuple[str, Callable[[str, Service], OrderDraft]]] = {
    "a subscription": ("Subscriptions", posts_of),
    "a long link": ("Default", long_link),
}


@pytest.mark.parametrize("what", MAKE)
def test_it_is_told_of_under_its_own_address(what):
    kind, make = MAKE[what]
    service = make_service(type=kind)
    form = make("lumen", service)
    sent_and_forgotten(form)
    assert (service.provider_id, service.external_id, link_key(form.link)) in left_sends(
        [link_key(form.link)]
    )


def test_a_line_for_a_long_link_that_was_bought_is_asked_about():
    service = make_service()
    form = long_link("lumen", service)
    sent_and_forgotten(form)
    [line] = make_batch(f"{service.external_id}|{form.link}|500").lines.all()
    assert not line.is_good


@pytest.mark.parametrize("what", MAKE)
def test_another_address_under_its_form_key_is_not_taken_for_it(what):
    kind, make = MAKE[what]
    service = make_service(type=kind)
    form = make("lumen", service)
    sent_and_forgotten(form)
    with pytest.raises(NotAgreed):
        place_order(
            replace(make("another", service), form_key=form.form_key), placed_by=None, now=AFTER
        )
    assert not Order.objects.filter(form_key=form.form_key).exists()


ONCE: dict[str, Any] = {}
TEN_TIMES: dict[str, Any] = {"runs": 10, "interval": 30}


@pytest.mark.parametrize(("sent", "again"), [(ONCE, TEN_TIMES), (TEN_TIMES, ONCE)])
def test_as_often_as_it_was_not_sent_is_not_taken_for_it(sent, again):
    service = make_service(dripfeed=True)
    form = draft(service, **sent)
    listed = sent_and_forgotten(form)
    UnmatchedOrder.objects.filter(pk=listed.pk).update(digest="")  # of an older journal
    changed = replace(draft(service, **again), form_key=form.form_key)
    with pytest.raises(NotAgreed):
        place_order(changed, placed_by=None, now=AFTER)


@pytest.mark.parametrize("sent", [ONCE, TEN_TIMES])
def test_the_same_is_taken_for_it(sent):
    form = draft(make_service(dripfeed=True), **sent)
    listed = sent_and_forgotten(form)
    assert listed.quantity.endswith(" × 10") == bool(sent)
    order, _ = place_order(form, placed_by=None, now=AFTER)
    assert order.status == Status.UNCONFIRMED


def test_a_long_link_of_an_older_journal_is_compared_as_far_as_it_was_kept():
    form = long_link("lumen", make_service())
    listed = sent_and_forgotten(form)
    UnmatchedOrder.objects.filter(pk=listed.pk).update(link=form.link[:300])
    order, _ = place_order(form, placed_by=None, now=AFTER)
    assert order.status == Status.UNCONFIRMED


def comments_of(service: Service, *texts: str) -> OrderDraft:
    link = "https://lumen.example/home"
    payload = CustomCommentsPayload(service_id=service.external_id, link=link, comments=texts)
    return OrderDraft(service, payload, uuid.uuid4())


def test_other_comments_for_the_same_link_are_not_taken_for_those_that_were_sent():
    """As many as were sent; no line of the journal keeps their words."""
    service = make_service(type="Custom Comments")
    form = comments_of(service, "well done", "a fine day")
    assert sent_and_forgotten(form).digest
    changed = replace(comments_of(service, "well done", "what a day"), form_key=form.form_key)
    with pytest.raises(NotAgreed, match="with other values"):
        place_order(changed, placed_by=None, now=AFTER)
    assert not Order.objects.filter(form_key=form.form_key).exists()
    order, _ = place_order(form, placed_by=None, now=AFTER)
    assert order.status == Status.UNCONFIRMED


@pytest.mark.parametrize(
    "field", [{"min": 90}, {"max": 300}, {"posts": 4}, {"delay": 10}, {"expiry": date(2027, 2, 1)}]
)
def test_another_field_of_a_subscription_is_not_taken_for_it(field):
    form = posts_of("lumen", make_service(type="Subscriptions"))
    sent_and_forgotten(form)
    changed = replace(form, payload=replace(form.payload, **field))
    with pytest.raises(NotAgreed):
        place_order(changed, placed_by=None, now=AFTER)


def test_a_send_of_an_older_journal_is_compared_by_what_that_kept():
    form = comments_of(make_service(type="Custom Comments"), "well done")
    listed = sent_and_forgotten(form)
    UnmatchedOrder.objects.filter(pk=listed.pk).update(digest="")
    order, _ = place_order(form, placed_by=None, now=AFTER)
    assert order.status == Status.UNCONFIRMED
