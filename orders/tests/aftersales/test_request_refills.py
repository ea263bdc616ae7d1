"""What staff may do about refills, and what they are told when they may not."""

from __future__ import annotations

import pytest

from orders.aftersales import request_refills
from orders.models import EventKind, Order, Refill
from orders.status import OPEN_REFILLS, RefillStatus, Status
from tests.builders import NOON, make_order, make_provider, make_refill, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def fresh(order: Order) -> Order:
    return Order.objects.for_list().get(pk=order.pk)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.PARTIAL])
def test_a_refill_is_queued_with_a_line_in_the_history(status):
    order, person = make_order(status), make_user()
    assert request_refills.request_refill(order, actor=person, now=NOON) == ""
    refill = order.refills.get()
    assert (refill.status, refill.requested_by, refill.due_at) == ("queued", person, NOON)
    assert order.events.get(kind=EventKind.REFILL).actor == person


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.COMPLETED, Status.PARTIAL}))
def test_an_order_that_does_not_qualify_says_why(status):
    order = make_order(status)
    words = request_refills.request_refill(order, actor=make_user(), now=NOON)
    assert words.endswith(".")
    assert not Refill.objects.exists()


@pytest.mark.parametrize(
    ("service", "provider", "words"),
    [
        ({"refill": False}, {}, "does not refill this service"),
        ({"refill": True}, {"dialect": {"refills": False}}, "takes no refills"),
        ({}, {"key": ""}, "has no key"),
    ],
    ids=["not this service", "not this provider", "no key"],
)
def test_what_the_provider_does_not_offer_is_not_asked_for(service, provider, words):
    order = make_order(Status.COMPLETED, service=make_service(make_provider(**provider), **service))
    assert words in request_refills.request_refill(order, actor=make_user(), now=NOON)
    assert not Refill.objects.exists()


def test_where_nobody_knows_it_may_be_tried_and_the_page_says_so():
    order = make_order(Status.COMPLETED, service=make_service(refill=None))
    assert "may be tried" in request_refills.hint(order)
    assert request_refills.why_not(order, NOON) == ""
    assert request_refills.hint(make_order(service=make_service(refill=True))) == ""


@pytest.mark.parametrize("status", sorted(OPEN_REFILLS))
def test_one_refill_at_a_time(status):
    order = make_refill(status).order
    assert request_refills.request_refill(order, actor=make_user(), now=NOON)
    assert order.refills.count() == 1


@pytest.mark.parametrize("status", sorted(set(RefillStatus) - OPEN_REFILLS))
def test_after_one_has_ended_there_may_be_another(status):
    order = make_refill(status).order
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    assert order.refills.count() == 2


def test_a_lost_refill_is_sent_again_only_by_a_person():
    refill = make_refill(RefillStatus.UNCONFIRMED, requests=1, reason="read timeout")
    assert request_refills.ask_again(refill, actor=make_user(), now=NOON) == ""
    refill.refresh_from_db()
    assert (refill.status, refill.requests, refill.reason) == (RefillStatus.QUEUED, 1, "")


def test_a_waiting_refill_may_be_tried_before_its_time():
    refill = make_refill(RefillStatus.WAITING, due_at=NOON.replace(year=2027))
    assert request_refills.ask_again(refill, actor=make_user(), now=NOON) == ""
    assert Refill.objects.due_to_send(NOON).get() == refill


@pytest.mark.parametrize("status", sorted(set(RefillStatus) - OPEN_REFILLS))
def test_asking_again_for_an_ended_refill_asks_for_no_other(status):
    refill = make_refill(status)
    words = request_refills.ask_again(refill, actor=make_user(), now=NOON)
    assert words == request_refills.HAS_ENDED
    assert refill.order.refills.get() == refill


@pytest.mark.parametrize(
    "status", [RefillStatus.SENDING, RefillStatus.PENDING, RefillStatus.IN_PROGRESS]
)
def test_what_is_under_way_is_neither_sent_again_nor_taken_back(status):
    refill = make_refill(status)
    assert request_refills.ask_again(refill, actor=make_user(), now=NOON)
    assert not request_refills.withdraw_refill(refill, actor=make_user(), now=NOON)
    refill.refresh_from_db()
    assert refill.status == status


@pytest.mark.parametrize(
    ("status", "over"),
    [
        (RefillStatus.QUEUED, {}),
        (RefillStatus.WAITING, {}),
        (RefillStatus.UNCONFIRMED, {}),
        (RefillStatus.PENDING, {"external_id": "", "followed_by": ""}),
    ],
    ids=["queued", "waiting", "answer lost", "without a number"],
)
def test_what_was_not_sent_or_is_lost_from_sight_can_be_ended_by_a_person(status, over):
    refill = make_refill(status, **over)
    assert request_refills.withdraw_refill(refill, actor=make_user(), now=NOON)
    refill.refresh_from_db()
    assert (refill.status, refill.ended_at) == (RefillStatus.WITHDRAWN, NOON)


def test_a_step_from_where_it_no_longer_is_changes_nothing():
    refill = make_refill()
    Refill.objects.update(status=RefillStatus.SENDING, requests=1)
    assert not request_refills.withdraw_refill(refill, actor=make_user(), now=NOON)
    assert not refill.order.events.exists()


@pytest.mark.parametrize("status", [RefillStatus.QUEUED, RefillStatus.REFUSED])
def test_of_two_who_looked_at_the_same_moment_one_asks(status, monkeypatch):
    """The second one has looked before the first one's refill was there; it may even have ended
    by the time the second is told."""
    order = make_refill().order
    under_way = request_refills._under_way
    monkeypatch.setattr(request_refills, "why_not", lambda order, now: "")
    if status == RefillStatus.REFUSED:
        monkeypatch.setattr(request_refills, "_under_way", lambda order: "")
    words = request_refills.request_refill(order, actor=make_user(), now=NOON)
    assert words == under_way(order) or words == "A refill of it is under way already."
    assert order.refills.count() == 1
    assert not order.events.filter(kind=EventKind.REFILL).exists()


def test_what_the_provider_no_longer_offers_is_not_asked_for_again():
    refill = make_refill(RefillStatus.UNCONFIRMED, requests=1)
    refill.order.service.refill = False
    words = request_refills.ask_again(refill, actor=make_user(), now=NOON)
    assert words == "The provider does not refill this service."
    refill.refresh_from_db()
    assert refill.status == RefillStatus.UNCONFIRMED


def test_what_is_taken_back_before_a_second_send_says_so():
    refill = make_refill(requests=1)
    assert request_refills.withdraw_refill(refill, actor=make_user(), now=NOON)
    told = refill.order.events.get(kind=EventKind.REFILL).text
    assert told == "The refill was taken back before it was sent again."
