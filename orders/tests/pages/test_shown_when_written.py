"""What a page has shown is compared once more in the transaction that writes: more may become known
between the look at the row and the write."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test import Client

from core.clocks import database_now
from core.roles import Role
from orders import shown
from orders.flags import clear_flag
from orders.models import Attempt, EventKind, Order, Recovery
from orders.pages import order_views
from orders.placing import before_sending, place_orders
from orders.recovery import link_orders, not_placed, refusal_phrase, resolve_views
from orders.status import Flag, Outcome, Status
from orders.tests.pages.test_stale_tabs import carried_by, flag_shown, lost, status_of
from orders.tests.recovery.test_refusal_phrases import WORDS, answered
from providers.panel_api import OrderState, RefusalCode
from tests.builders import make_attempt, make_order, make_user
from tests.fake_provider import FakeProvider, progress

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
FOUND = [{"id": "4711", "charge": "0.9", "status": "Pending"}]


@pytest.fixture
def manager(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def found_before(module: Any, name: str) -> Any:
    """A search finds what can be it just before this is called."""
    called = getattr(module, name)

    def after_it_was_found(*args: Any, **named: Any) -> Any:
        Attempt.objects.update(candidates=FOUND)
        return called(*args, **named)

    return mock.patch.object(module, name, after_it_was_found)


STEPS: dict[str, tuple[dict[str, str], Any, str]] = {
    "not-placed": ({"sure": "on"}, not_placed, "open_attempt"),
    "give-up": ({"note": "Nobody knows."}, not_placed, "open_attempt"),
    "link": ({"external_id": "555"}, link_orders, "open_attempt"),
    "phrase": (
        {"phrase": WORDS, "meaning": "quantity", "sure": "on"},
        refusal_phrase,
        "resolve_by_phrase",
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_what_is_found_between_the_click_and_the_write_is_looked_at_first(
    manager: Client, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    provider = FakeProvider()
    provider.says["555"] = progress(OrderState.IN_PROGRESS, remains=10)
    monkeypatch.setattr(resolve_views, "client_for", lambda one: provider)
    order = answered() if step == "phrase" else lost()
    address = f"/orders/{order.pk}/resolve/{step}/"
    said, *where = STEPS[step]
    seen = carried_by(manager.get(f"/orders/{order.pk}/resolve/").content.decode(), address)
    with found_before(*where):
        page = manager.post(address, said | {"shown": seen}, follow=True).content.decode()
    assert status_of(order) == Status.UNCONFIRMED and "4711" in page
    assert Attempt.objects.get().outcome == Outcome.UNKNOWN
    assert step == "phrase" or shown.CHANGED in page
    assert not re.search(r'name="sure"[^>]*checked', page)
    manager.post(address, said | {"shown": carried_by(page, address)})
    assert status_of(order) != Status.UNCONFIRMED


def test_nor_does_the_first_of_two_say_it_of_what_was_found_since(manager: Client) -> None:
    order = lost()
    Recovery.objects.update_or_create(provider=order.provider, defaults={"two_people_above": "0"})
    said = {"sure": "on", "shown": shown.of_order(order)}
    with found_before(not_placed, "open_attempt"):
        answer = manager.post(f"/orders/{order.pk}/resolve/not-placed/", said)
    assert answer.status_code == 422 and shown.CHANGED in answer.content.decode()
    assert Attempt.objects.get().confirmed_by is None


def test_words_resolve_none_along_of_which_something_was_found_this_moment() -> None:
    order = answered()
    other = answered(service=order.service)
    read, lost_with = refusal_phrase.phrase_in_answer(order), refusal_phrase._lost_with

    def then_found(*args: Any) -> Any:
        for attempt, refusal in lost_with(*args):
            Attempt.objects.filter(order=other).update(candidates=FOUND)
            yield attempt, refusal

    assert read is not None
    now, actor = database_now(), make_user(Role.MANAGER)
    with mock.patch.object(refusal_phrase, "_lost_with", then_found):
        told: dict[str, Any] = {"actor": actor, "now": now}
        code = RefusalCode.QUANTITY
        assert refusal_phrase.add_refusal_phrase(order, read, code, **told) == 1
    assert (status_of(order), status_of(other)) == (Status.REJECTED, Status.UNCONFIRMED)


def test_an_order_is_not_sent_again_after_a_flag_that_came_and_went_since_the_click(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order(Status.NOT_PLACED)
    make_attempt(order, outcome=Outcome.NOT_PLACED)
    address = f"/orders/{order.pk}/requeue/"
    seen = carried_by(manager.get(f"/orders/{order.pk}/").content.decode(), address)
    why_not = before_sending.why_not_queued_again

    def flagged_and_cleared(one: Order) -> str:
        one.remember(EventKind.FLAGGED, now=database_now(), text="It had been sent there too.")
        return why_not(one)

    monkeypatch.setattr(place_orders, "why_not_queued_again", flagged_and_cleared)
    answer = manager.post(address, {"sure": "on", "shown": seen}, follow=True)
    assert status_of(order) == Status.NOT_PLACED and shown.CHANGED in answer.content.decode()


def test_a_flag_that_is_raised_once_more_since_the_click_stays(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order(Status.NOT_PLACED, flag=Flag.LIVE_ATTEMPT)
    seen = flag_shown(manager, order)

    def raised_first(one: Order, *args: Any, **named: Any) -> bool:
        one.remember(EventKind.FLAGGED, now=database_now(), text="It had been sent there too.")
        return clear_flag(one, *args, **named)

    monkeypatch.setattr(order_views, "clear_flag", raised_first)
    said = {"flag": Flag.LIVE_ATTEMPT.value, "found": "It is not there.", "shown": seen}
    answer = manager.post(f"/orders/{order.pk}/flag/clear/", said)
    page = answer.content.decode()
    assert Order.objects.get().flag == Flag.LIVE_ATTEMPT
    assert answer.status_code == 422 and shown.CHANGED in page and "It is not there." in page


def test_nobody_adds_to_what_was_shown_until_the_decision_is_written() -> None:
    """A search that finds something, and a line that flags the order, wait for it: on PostgreSQL by
    the locks on the rows, on SQLite by the one writer."""
    order = lost()
    word, steps = shown.of_order(order), list[str]()
    compared = threading.Event()

    def finds() -> None:
        compared.wait(10)
        try:
            Attempt.objects.filter(order=order).update(candidates=FOUND)
            order.remember(EventKind.FLAGGED, now=database_now(), text="It was sent there too.")
            steps.append("found")
        finally:
            connection.close()

    move = Order.move

    def slowly(one: Order, *args: Any, **named: Any) -> bool:
        compared.set()
        search.join(0.5)
        steps.append("decided")
        return move(one, *args, **named)

    search = threading.Thread(target=finds)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(Order, "move", slowly))
        search.start()
        not_placed.give_up(
            order, actor=make_user(Role.MANAGER), note="Nobody.", now=database_now(), seen=word
        )
    search.join(10)
    assert steps == ["decided", "found"]
