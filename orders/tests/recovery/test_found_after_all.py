"""What a person marked as not placed turns up at the provider: it is linked from there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from core import clocks
from core.clocks import database_now
from core.roles import Role
from orders.models import Order
from orders.recovery import link_orders, not_placed
from orders.recovery import resolve_views as views
from orders.sending import claims
from orders.shown import of_order
from orders.status import Flag, Outcome, Resolution, Status
from orders.tests.recovery.test_decisions import make_unconfirmed
from orders.tests.recovery.test_older_ids import FIRST, SECOND, fake, sent_twice
from providers.panel_api import OrderState
from tests.builders import NOON, make_attempt, make_order, make_user
from tests.fake_provider import FakeProvider, progress
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATER = NOON + timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS + 1)


def marked() -> Order:
    order = make_unconfirmed()
    not_placed.confirm_not_placed(order, actor=make_user(Role.MANAGER), now=LATER)
    return Order.objects.select_related("provider").get(pk=order.pk)


def knowing() -> FakeProvider:
    provider = FakeProvider()
    provider.says["555"] = progress(OrderState.IN_PROGRESS, charge="0.9", remains=10)
    return provider


def link(order: Order, number: str = "555", provider: FakeProvider | None = None) -> bool:
    actor, client = make_user(Role.MANAGER), provider or knowing()
    return link_orders.link_order(order, number, actor=actor, client=client, clock=database_now)


def sent_again_and_refused() -> Order:
    order = marked()
    assert order.move(Status.QUEUED, now=LATER) and order.move(Status.SENDING, now=LATER)
    make_attempt(order, outcome=Outcome.REJECTED, number=2)
    assert order.move(Status.REJECTED, now=LATER)
    return order


def withdrawn() -> Order:
    order = marked()
    assert order.move(Status.WITHDRAWN, now=LATER)
    return order


@pytest.mark.parametrize("made", [marked, withdrawn, sent_again_and_refused])
def test_it_is_linked_and_followed(made: Callable[[], Order]) -> None:
    order = made()
    assert link(order)
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.IN_PROGRESS, "555")
    assert order.attempts.get(number=1).outcome == Outcome.ACCEPTED
    assert order.events.filter(text__startswith="Found after all").exists()


def test_the_page_offers_it_in_the_words_of_its_buttons(
    client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    order, manager = marked(), client_for_role(Role.MANAGER)
    monkeypatch.setattr(views, "client_for", lambda provider: knowing())
    page = one_line(manager.get(f"/orders/{order.pk}/").content.decode())
    assert f'href="/orders/{order.pk}/resolve/"' in page and "Found it after all" in page
    assert "<em>Send again</em>buys it a second time" in page and "Queue it again" not in page
    page = manager.get(f"/orders/{order.pk}/resolve/").content.decode()
    assert "Check and link" in page and "Mark as not placed" not in page
    manager.post(
        f"/orders/{order.pk}/resolve/link/", {"external_id": "555", "shown": of_order(order)}
    )
    order.refresh_from_db()
    assert order.external_id == "555"


def test_one_that_is_proven_not_to_be_there_is_not_offered(
    client_for_role: Callable[[Role], Client],
) -> None:
    order, manager = make_order(Status.NOT_PLACED), client_for_role(Role.MANAGER)
    make_attempt(order, outcome=Outcome.NOT_PLACED, resolution=Resolution.CLOSED_RANGE)
    assert "Found it after all" not in manager.get(f"/orders/{order.pk}/").content.decode()
    assert manager.get(f"/orders/{order.pk}/resolve/").status_code == 302
    assert not link(order)


def test_one_that_was_sent_again_since_is_left_alone() -> None:
    order = marked()
    again = Order.objects.select_related("provider").get(pk=order.pk)
    provider = knowing()
    answered = provider.statuses_once

    def sent_meanwhile(ids):
        if again.status == Status.NOT_PLACED:
            assert again.move(Status.QUEUED, now=LATER)
            assert claims.claim(again, again.provider, now=LATER) is not None
        return answered(ids)

    provider.statuses_once = sent_meanwhile  # type: ignore[method-assign]
    assert not link(order, provider=provider)
    again.refresh_from_db()
    assert (again.status, again.external_id) == (Status.SENDING, "")


@pytest.mark.parametrize(("number", "linked"), [(FIRST, 1), (SECOND, 2)])
def test_of_two_tries_it_is_the_one_that_the_id_can_be(number: str, linked: int) -> None:
    order = sent_twice("58408")
    by_hand = {"outcome": Outcome.NOT_PLACED, "resolution": Resolution.PERSON}
    order.attempts.filter(outcome=Outcome.UNKNOWN).update(**by_hand)
    assert order.move(Status.NOT_PLACED, now=database_now())
    assert link(order, number, fake())
    order.refresh_from_db()
    assert (order.external_id, order.flag) == (number, Flag.NONE)
    assert order.attempts.get(outcome=Outcome.ACCEPTED).number == linked


@pytest.mark.parametrize("made", [withdrawn, sent_again_and_refused])
def test_an_order_that_has_ended_by_word_offers_it_too(
    client_for_role: Callable[[Role], Client], made: Callable[[], Order]
) -> None:
    order, manager = made(), client_for_role(Role.MANAGER)
    page = one_line(manager.get(f"/orders/{order.pk}/").content.decode())
    assert "That it is not there is the word of a person" in page and "Found it after all" in page
    page = one_line(manager.get(f"/orders/{order.pk}/resolve/").content.decode())
    assert "Check and link" in page and "A person said that it is not there" in page
