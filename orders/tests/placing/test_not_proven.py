"""What a person marked as not placed is asked about before the same is bought once more."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from core import clocks
from core.clocks import database_now
from core.roles import Role
from orders.draft import OrderDraft
from orders.links import link_key
from orders.models import Order
from orders.placing.order_again import CannotOrderAgain, draft_again
from orders.placing.place_orders import NotAgreed, place_order, requeue_order
from orders.recovery import not_placed
from orders.repeats import name_of
from orders.sending import send_orders
from orders.status import Outcome, Resolution, Status
from orders.tests.mass.test_place_lines import make_batch
from orders.tests.recovery.test_decisions import make_unconfirmed
from providers.panel_api import DefaultPayload, RefusalCode, Rejected
from tests.builders import NOON, make_user, terms_shown
from tests.fake_provider import FakeProvider
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LINK = "https://lumen.example/home"
LATER = NOON + timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS + 1)
NOT_PROVEN = "marked as not placed by hand, and that is not proven"


def lost() -> Order:
    return make_unconfirmed(link=LINK, link_key=link_key(LINK), units=1000)


def marked() -> Order:
    """It was there all the same."""
    order = lost()
    not_placed.confirm_not_placed(order, actor=make_user(Role.MANAGER), now=LATER)
    return order


def proven() -> Order:
    order = lost()
    attempt, by = order.attempts.get(), Resolution.CLOSED_RANGE
    assert not_placed.prove_not_placed(order, attempt, resolution=by, text="Shown.", now=LATER)
    return order


def drafted(order: Order) -> OrderDraft:
    payload = DefaultPayload(service_id=order.service.external_id, link=LINK, quantity=1000)
    return OrderDraft(order.service, payload, uuid.uuid4(), told_of=frozenset())


def test_the_form_asks_beside_it_and_points_to_send_again(staff: Client) -> None:
    order = marked()
    data = {"service": order.service_id, "form_key": uuid.uuid4(), "link": LINK}
    data |= {"quantity": "1000", "terms": terms_shown(order.service)}
    answer = staff.post("/orders/new/", data)
    page = one_line(answer.content.decode())
    assert answer.status_code == 422 and Order.objects.count() == 1
    assert NOT_PROVEN in page and "the usual way is Send again on its page" in page
    assert "as a second order" in page and f'<a href="/orders/{order.pk}/">{order}</a>' in page
    data["place_anyway"] = answer.context["form"].consent
    assert staff.post("/orders/new/", data).status_code == 302
    assert Order.objects.count() == 2


def test_so_does_the_insert_of_a_form_that_was_drawn_before() -> None:
    order = marked()
    with pytest.raises(NotAgreed, match=NOT_PROVEN):
        place_order(drafted(order), placed_by=make_user(), now=LATER)
    assert Order.objects.count() == 1


def test_a_line_of_a_mass_order_is_left_out_until_it_is_meant() -> None:
    order = marked()
    batch = make_batch(f"{order.service.external_id}|{LINK}|1000")
    [line] = batch.lines.all()
    assert not line.is_good and NOT_PROVEN in line.problems[0]["words"]


def test_order_again_for_many_leaves_it_out_until_it_is_meant() -> None:
    order = marked()
    with pytest.raises(CannotOrderAgain, match=NOT_PROVEN):
        draft_again(order, uuid.uuid4(), now=LATER, person=make_user())
    meant = draft_again(order, uuid.uuid4(), now=LATER, person=make_user(), beside_open=True)
    assert meant.told_of == frozenset({name_of(order.form_key, order.status)})


def test_nothing_is_asked_beside_one_that_is_proven() -> None:
    order = proven()
    assert place_order(drafted(order), placed_by=make_user(), now=LATER)[1]
    other = proven()
    assert other.move(Status.WITHDRAWN, now=database_now())
    assert place_order(drafted(other), placed_by=make_user(), now=LATER)[1]


def assert_asked_for_a_week(order: Order, words: str, now: datetime) -> None:
    """By one order, by the same again and by a line of many, and no longer than that."""
    with pytest.raises(NotAgreed, match=words):
        place_order(drafted(order), placed_by=make_user(), now=now)
    with pytest.raises(CannotOrderAgain, match=words):
        draft_again(order, uuid.uuid4(), now=now, person=make_user())
    [line] = make_batch(f"{order.service.external_id}|{LINK}|1000").lines.all()
    assert not line.is_good and words in line.problems[0]["words"]
    Order.objects.update(ended_at=now - timedelta(days=7, minutes=1))
    assert place_order(drafted(order), placed_by=make_user(), now=now)[1]


def test_it_is_asked_for_a_week_beside_one_that_was_withdrawn_after_that() -> None:
    order, now = marked(), database_now()
    assert order.move(Status.WITHDRAWN, now=now)
    words = "was withdrawn, and that it was not bought is not proven"
    assert_asked_for_a_week(order, words, now)


def test_the_form_says_so_beside_one_that_was_withdrawn(staff: Client) -> None:
    order = marked()
    assert order.move(Status.WITHDRAWN, now=database_now())
    data = {"service": order.service_id, "form_key": uuid.uuid4(), "link": LINK}
    data |= {"quantity": "1000", "terms": terms_shown(order.service)}
    page = one_line(staff.post("/orders/new/", data).content.decode())
    assert "Was withdrawn, and that it was not bought is not proven." in page
    assert Order.objects.count() == 1


BY_WORD = "was refused, but that it is not there is the word of a person, and not proven"


def refused_by_phrase() -> Order:
    """Staff say that what came back means *refused for good*."""
    order, refusal = lost(), Rejected("Something odd", RefusalCode.BELOW_MIN)
    told: dict[str, Any] = {"actor": make_user(Role.MANAGER), "now": LATER, "evidence": {}}
    assert not_placed.resolve_refused(order, order.attempts.get(), refusal, text="", **told)
    return Order.objects.select_related("provider").get(pk=order.pk)


def refused_when_sent_again() -> Order:
    """The second send is proven to have bought nothing; the first is so by word alone."""
    order = Order.objects.select_related("provider").get(pk=marked().pk)
    assert requeue_order(order, actor=make_user(), now=LATER)
    provider = FakeProvider()
    provider.then = Rejected("Quantity is below the minimum", RefusalCode.BELOW_MIN)
    assert send_orders.send_order(order, order.provider, provider, clock=lambda: LATER)
    return Order.objects.select_related("provider").get(pk=order.pk)


@pytest.mark.parametrize("made", [refused_by_phrase, refused_when_sent_again])
def test_it_is_asked_for_a_week_beside_one_that_was_refused_by_word(
    made: Callable[[], Order],
) -> None:
    order, now = made(), database_now()
    assert order.status == Status.REJECTED
    Order.objects.update(ended_at=now)
    assert_asked_for_a_week(order, BY_WORD, now)


def test_nothing_is_asked_beside_one_that_the_provider_refused() -> None:
    order = lost()
    attempts = order.attempts.all()
    attempts.update(outcome=Outcome.REJECTED)
    assert order.move(Status.REJECTED, now=database_now())
    assert place_order(drafted(order), placed_by=make_user(), now=LATER)[1]


def test_the_form_says_so_beside_one_that_was_refused_by_word(staff: Client) -> None:
    order = refused_by_phrase()
    Order.objects.update(ended_at=database_now())
    data = {"service": order.service_id, "form_key": uuid.uuid4(), "link": LINK}
    data |= {"quantity": "1000", "terms": terms_shown(order.service)}
    page = one_line(staff.post("/orders/new/", data).content.decode())
    assert "that it is not there is the word of a person" in page
    assert Order.objects.count() == 1
