"""A flag is taken off by whoever has looked into it, unless its cause still stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.roles import Role
from orders.flags import clear_flag, why_flag_stays
from orders.models import EventKind, Order
from orders.shown import of_flag
from orders.status import Flag, Outcome, Status
from tests.builders import NOON, make_attempt, make_order, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]

CLEARED_BY_HAND = [Flag.LATE_ANSWER, Flag.CHILD_TAKEN, Flag.NOT_KNOWN_THERE]


def flag_of(order: Order) -> str:
    return Order.objects.values_list("flag", flat=True).get(pk=order.pk)


def clear(order: Order, flag: Flag | None = None) -> bool:
    flag = flag or Flag(order.flag)
    return clear_flag(order, flag, note="Looked.", actor=make_user(), now=NOON)


@pytest.mark.parametrize("flag", CLEARED_BY_HAND)
def test_a_flag_is_cleared_with_a_line_of_who_looked(flag):
    order = make_order(Status.IN_PROGRESS, flag=flag)
    person = make_user()
    assert clear_flag(order, flag, note="They are two orders.", actor=person, now=NOON)
    event = order.events.get()
    assert (flag_of(order), event.actor, event.kind) == ("", person, EventKind.NOTE)
    assert event.text == f"Flag cleared: {flag.label}.\nThey are two orders."
    assert not Order.objects.needing_a_person().exists()


def test_two_people_clear_it_once():
    order = make_order(Status.IN_PROGRESS, flag=Flag.LATE_ANSWER)
    other = Order.objects.get(pk=order.pk)
    assert (clear(order), clear(other, Flag.LATE_ANSWER)) == (True, False)
    assert order.events.count() == 1


def test_another_flag_that_came_meanwhile_stays():
    order = make_order(Status.IN_PROGRESS, flag=Flag.CHILD_TAKEN)
    Order.objects.update(flag=Flag.LATE_ANSWER)
    assert not clear(order)
    assert (flag_of(order), order.events.exists()) == (Flag.LATE_ANSWER, False)


def test_a_word_that_nobody_knows_keeps_its_flag_while_the_order_goes_on():
    order = make_order(Status.IN_PROGRESS, flag=Flag.UNKNOWN_WORD, raw_status="Odd")
    assert not clear(order) and "what the word means" in why_flag_stays(order)
    ended = make_order(Status.COMPLETED, flag=Flag.UNKNOWN_WORD)
    assert not why_flag_stays(ended) and clear(ended)


@pytest.mark.parametrize("outcome", [Outcome.IN_FLIGHT, Outcome.ACCEPTED, Outcome.UNKNOWN])
def test_a_queued_order_whose_earlier_try_lives_keeps_its_flag(outcome):
    order = make_order(Status.QUEUED, flag=Flag.LIVE_ATTEMPT)
    make_attempt(order, outcome=outcome)
    assert not clear(order) and "Withdraw it" in why_flag_stays(order)
    Order.objects.update(status=Status.WITHDRAWN)
    assert clear(order)


def test_a_queued_order_without_a_live_try_loses_its_flag():
    order = make_order(Status.QUEUED, flag=Flag.LIVE_ATTEMPT)
    make_attempt(order, outcome=Outcome.NOT_SENT)
    assert not why_flag_stays(order) and clear(order)


def test_no_flag_cannot_be_cleared():
    order = make_order()
    assert not clear(order, Flag.NONE) and not order.events.exists()


def test_staff_clear_it_on_the_page(staff: Client):
    order = make_order(Status.COMPLETED, flag=Flag.LATE_ANSWER)
    address = f"/orders/{order.pk}/flag/clear/"
    assert "Resolve flag" in staff.get(f"/orders/{order.pk}/").content.decode()
    said = {"flag": "late_answer", "shown": of_flag(order)}
    empty = staff.post(address, said | {"found": " "})
    assert empty.status_code == 422 and "Say what you found" in empty.content.decode()
    assert flag_of(order) == Flag.LATE_ANSWER
    answer = staff.post(address, said | {"found": "Two orders."}, follow=True)
    page = answer.content.decode()
    assert "is cleared" in page and "Two orders." in page and "Resolve flag" not in page


def test_what_cannot_be_cleared_says_where_to_go(staff: Client):
    order = make_order(Status.IN_PROGRESS, flag=Flag.UNKNOWN_WORD, raw_status="Odd")
    page = staff.get(f"/orders/{order.pk}/").content.decode()
    assert "Resolve flag" not in page and "what the word means" in page
    said = {"flag": "unknown_word", "found": "x", "shown": of_flag(order)}
    answer = staff.post(f"/orders/{order.pk}/flag/clear/", said, follow=True)
    assert "was not cleared" in answer.content.decode() and flag_of(order) == Flag.UNKNOWN_WORD


def test_viewers_only_see_it(client_for_role: Callable[[Role], Client]):
    order = make_order(Status.COMPLETED, flag=Flag.LATE_ANSWER)
    viewer = client_for_role(Role.VIEWER)
    page = viewer.get(f"/orders/{order.pk}/").content.decode()
    assert Flag.LATE_ANSWER.label in page and "Resolve flag" not in page
    sent = {"flag": "late_answer", "found": "x"}
    assert viewer.post(f"/orders/{order.pk}/flag/clear/", sent).status_code == 403
