"""What staff may do to stop an order, and what they are told when they may not."""

from __future__ import annotations

import pytest

from orders.aftersales import request_cancels
from orders.aftersales.request_cancels import LOCAL
from orders.models import CancelRequest, EventKind, Order
from orders.status import AT_PROVIDER, FINAL, CancelStatus, Status
from tests.builders import NOON, make_cancel, make_order, make_provider, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]

NOT_THERE = [Status.HELD, Status.QUEUED, Status.NOT_PLACED]


def status_of(order: Order) -> Status:
    return Status(Order.objects.values_list("status", flat=True).get(pk=order.pk))


@pytest.mark.parametrize("status", sorted(AT_PROVIDER))
def test_an_order_at_the_provider_keeps_its_status_while_the_cancel_is_asked_for(status):
    order, person = make_order(status), make_user()
    assert request_cancels.request_cancel(order, actor=person, now=NOON) == ""
    request = order.cancel_requests.get()
    assert (request.status, request.requested_by) == (CancelStatus.QUEUED, person)
    assert status_of(order) == status
    assert order.events.get(kind=EventKind.CANCEL).actor == person


@pytest.mark.parametrize("status", NOT_THERE)
def test_an_order_that_was_not_sent_is_taken_back_here(status):
    order = make_order(status, service=make_service(cancel=False))
    assert request_cancels.request_cancel(order, actor=make_user(), now=NOON) == ""
    assert status_of(order) == Status.WITHDRAWN
    assert not CancelRequest.objects.exists()


def test_an_order_that_was_sent_meanwhile_is_not_taken_back():
    order = make_order(Status.QUEUED)
    Order.objects.update(status=Status.SENDING)
    words = request_cancels.request_cancel(order, actor=make_user(), now=NOON)
    assert words == "Its status changed to sending in the meantime."
    assert status_of(order) == Status.SENDING


@pytest.mark.parametrize("status", sorted({Status.SENDING, Status.UNCONFIRMED, *FINAL}))
def test_what_can_no_longer_or_not_yet_be_stopped_says_why(status):
    order = make_order(status)
    assert request_cancels.request_cancel(order, actor=make_user(), now=NOON).endswith(".")
    assert status_of(order) == status
    assert not CancelRequest.objects.exists()


@pytest.mark.parametrize(
    ("service", "provider", "words"),
    [
        ({"cancel": False}, {}, "does not cancel orders of this service"),
        ({"cancel": True}, {"dialect": {"cancels": False}}, "takes no cancels"),
        ({}, {"key": ""}, "has no key"),
    ],
    ids=["not this service", "not this provider", "no key"],
)
def test_what_the_provider_does_not_offer_is_not_asked_for(service, provider, words):
    offered = make_service(make_provider(**provider), **service)
    order = make_order(Status.IN_PROGRESS, service=offered)
    assert words in request_cancels.request_cancel(order, actor=make_user(), now=NOON)
    assert not CancelRequest.objects.exists()


def test_where_nobody_knows_it_may_be_tried_and_the_page_says_so():
    order = make_order(Status.PENDING, service=make_service(cancel=None))
    assert "may be tried" in request_cancels.hint(order)
    assert request_cancels.why_not(order) == ""


@pytest.mark.parametrize("status", Status)
def test_many_are_told_the_same_as_one(status):
    """Whoever asks for many looks at no requests under way: there are none here."""
    order = make_order(status)
    assert request_cancels.why_unfit(order) == request_cancels.why_not(order)
    assert (request_cancels.why_unfit(order) == "") == (status in LOCAL | AT_PROVIDER)


def test_one_request_at_a_time():
    order = make_cancel(CancelStatus.ACCEPTED).order
    assert (
        request_cancels.request_cancel(order, actor=make_user(), now=NOON)
        == request_cancels.ASKED_FOR
    )
    assert order.cancel_requests.count() == 1


def test_a_refused_cancel_may_be_asked_for_again():
    order = make_cancel(CancelStatus.REFUSED).order
    assert request_cancels.request_cancel(order, actor=make_user(), now=NOON) == ""


def test_a_request_that_was_not_sent_can_be_taken_back_and_one_that_was_cannot():
    request = make_cancel()
    assert request_cancels.withdraw_cancel(request, actor=make_user(), now=NOON)
    request.refresh_from_db()
    assert (request.status, request.ended_at) == (CancelStatus.ENDED, NOON)
    sent = make_cancel(requests=1, sent_at=NOON)
    assert not request_cancels.withdraw_cancel(sent, actor=make_user(), now=NOON)


def test_of_two_who_looked_at_the_same_moment_one_asks(monkeypatch):
    order = make_cancel().order
    monkeypatch.setattr(request_cancels, "why_not", lambda order: "")
    words = request_cancels.request_cancel(order, actor=make_user(), now=NOON)
    assert words == request_cancels.ASKED_FOR
    assert order.cancel_requests.count() == 1
    assert not order.events.filter(kind=EventKind.CANCEL).exists()
