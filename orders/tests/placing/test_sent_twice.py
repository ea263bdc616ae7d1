"""A form that is sent twice at once is answered as placed, twice, and never as refused: a browser
that reads of a refusal forgets that it may have been placed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from core.models import User
from core.roles import Role
from orders.draft import OrderDraft
from orders.models import Order, SpendLimit
from orders.placing import place_orders, views
from providers.models import Service
from providers.panel_api import DefaultPayload
from tests.builders import NOON, log_in, make_service, make_user, terms_shown

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
LINK, SECONDS = "https://lumen.example/home", 20


class FirstClick:
    """Its order is `written`, and not committed before `held_up` is through."""

    def __init__(self) -> None:
        self.written = threading.Event()
        self.held_up: Callable[[], object] = lambda: threading.Event().wait(1.5)

    def failpoint(self, name: str) -> None:
        if name == "place.written" and not self.written.is_set():
            self.written.set()
            self.held_up()


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> FirstClick:
    click = FirstClick()
    monkeypatch.setattr(place_orders, "failpoint", click.failpoint)
    return click


@pytest.fixture
def person() -> User:
    return make_user(Role.OPERATOR)


def in_two_threads(first: FirstClick, act: Callable[[int], Any]) -> list[Any]:
    """The second begins while the first is being placed."""
    said: dict[int, Any] = {}

    def click(number: int) -> None:
        try:
            if number:
                assert first.written.wait(SECONDS)
            said[number] = act(number)
        finally:
            connections.close_all()

    clicks = [threading.Thread(target=click, args=(number,)) for number in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    return [said[0], said[1]]


def answers(
    first: FirstClick, person: User, service: Service, then: Callable[[], object] = bool
) -> list[int]:
    data = {"service": service.pk, "link": LINK, "quantity": "500"}
    data |= {"form_key": str(uuid.uuid4()), "terms": terms_shown(service)}

    browsers = [Client(), Client()]
    for browser in browsers:  # before anything is being written
        log_in(browser, person)

    def act(number: int) -> int:
        status = browsers[number].post("/orders/new/", data).status_code
        then()
        return status

    return in_two_threads(first, act)


def test_the_second_click_looked_for_its_order_a_moment_too_early(
    first: FirstClick, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, done, real = threading.Event(), threading.Event(), views._sent_before

    def look(request: Any) -> Any:
        found = real(request)
        if first.written.is_set():
            looked.set()
            done.wait(SECONDS)
        return found

    first.held_up = lambda: looked.wait(SECONDS)
    monkeypatch.setattr(views, "_sent_before", look)
    assert answers(first, person, make_service(), done.set) == [302, 302]
    assert Order.objects.count() == 1


def test_the_second_click_is_refused_only_once_the_first_is_known(
    first: FirstClick, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price is another one by then, and the first is not committed yet."""
    real = views._place

    def place(request: Any, form: Any, now: Any) -> Any:
        if first.written.is_set():
            form.add_error(None, "The terms of this service changed.")
        return real(request, form, now)

    monkeypatch.setattr(views, "_place", place)
    assert answers(first, person, make_service()) == [302, 302]
    assert Order.objects.count() == 1


def test_what_the_first_click_has_spent_is_no_reason_against_the_second(
    first: FirstClick, person: User
) -> None:
    SpendLimit.objects.create(role=Role.OPERATOR.value, currency="USD", per_day=Decimal("0.50"))
    assert answers(first, person, make_service()) == [302, 302]
    assert Order.objects.count() == 1


def test_nor_where_no_page_asks(first: FirstClick, person: User) -> None:
    SpendLimit.objects.create(role=Role.OPERATOR.value, currency="USD", per_day=Decimal("0.50"))
    service = make_service()
    payload = DefaultPayload(service_id=service.external_id, link=LINK, quantity=500)
    form = OrderDraft(service, payload, uuid.uuid4())
    placed = in_two_threads(
        first, lambda number: place_orders.place_order(form, placed_by=person, now=NOON)
    )
    assert [is_new for _, is_new in placed] == [True, False]
    assert placed[0][0] == placed[1][0]
