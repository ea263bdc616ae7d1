"""Told that a refill was requested not long ago, after one whose answer was lost: it may be there,
and is not sent a third time by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.aftersales import request_refills
from orders.models import Order, Refill
from orders.status import RefillStatus, Status
from orders.tests.aftersales.test_send_requests import FakeDesk, send
from providers.panel_api import Refused
from providers.panel_api.refusals.classify import refusal_code, spacing_seconds, wait_seconds
from tests.builders import NOON, make_order, make_refill, make_user
from tests.fake_provider import lost_answer

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOUR = timedelta(hours=1)
REQUESTED = "Refill was requested less than 24 hours ago"


def told(words: str) -> Refused:
    return Refused(words, refusal_code(words), wait_seconds(words), spacing_seconds(words))


@pytest.fixture
def order() -> Order:
    return make_order(Status.COMPLETED)


@pytest.fixture
def desk(order: Order) -> FakeDesk:
    """It has begun a refill of the order, and its answer was lost."""
    request_refills.request_refill(order, actor=make_user(), now=NOON)
    desk = FakeDesk()
    desk.then = lost_answer()
    send(Refill.objects.get(), desk, NOON)
    assert Refill.objects.get().status == RefillStatus.UNCONFIRMED
    desk.then = None
    return desk


def again(desk: FakeDesk, words: str, hours: int) -> Refill:
    """A person lets it be sent once more, and it is answered so."""
    at, refill = NOON + hours * HOUR, Refill.objects.latest("pk")
    assert request_refills.ask_again(refill, actor=make_user(), now=at) == ""
    desk.says = {refill.order.external_id: told(words)}
    send(refill, desk, at)
    refill.refresh_from_db()
    desk.says = {}
    return refill


@pytest.mark.parametrize("words", [REQUESTED, "refill_error_requested_recently"])
def test_a_lost_one_that_was_requested_not_long_ago_stays_in_doubt(
    desk: FakeDesk, words: str
) -> None:
    refill = again(desk, words, 1)
    assert refill.status == RefillStatus.UNCONFIRMED and words in refill.reason
    send(refill, desk, NOON + 26 * HOUR)
    assert len(desk.calls) == 2, "sent a third time"


def test_it_does_so_too_after_it_had_been_told_to_wait(desk: FakeDesk) -> None:
    assert again(desk, "Refill is available in 5 hours", 1).status == RefillStatus.WAITING
    assert again(desk, REQUESTED, 2).status == RefillStatus.UNCONFIRMED


def test_it_does_so_too_where_the_lost_one_was_closed_and_another_asked_for(
    order: Order, desk: FakeDesk
) -> None:
    request_refills.withdraw_refill(Refill.objects.get(), actor=make_user(), now=NOON + HOUR)
    request_refills.request_refill(order, actor=make_user(), now=NOON + HOUR)
    assert again(desk, REQUESTED, 1).status == RefillStatus.UNCONFIRMED


@pytest.mark.parametrize(
    "words", ["Refill is available in 5 hours", "Order was completed less than 24 hours ago"]
)
def test_other_words_say_nothing_of_the_lost_one(desk: FakeDesk, words: str) -> None:
    assert again(desk, words, 1).status == RefillStatus.WAITING


def test_another_one_that_we_know_of_is_what_they_speak_of(order: Order, desk: FakeDesk) -> None:
    known = make_refill(RefillStatus.COMPLETED, order=order, external_id="5")
    Refill.objects.filter(pk=known.pk).update(sent_at=NOON - HOUR)
    lost = Refill.objects.exclude(pk=known.pk).get()
    desk.says = {order.external_id: told(REQUESTED)}
    request_refills.ask_again(lost, actor=make_user(), now=NOON + HOUR)
    send(lost, desk, NOON + HOUR)
    lost.refresh_from_db()
    assert lost.status == RefillStatus.WAITING
    assert lost.due_at == NOON + 23 * HOUR


def test_one_that_was_never_lost_waits() -> None:
    refill, desk = make_refill(), FakeDesk()
    desk.says = {refill.order.external_id: told(REQUESTED)}
    send(refill, desk)
    refill.refresh_from_db()
    assert refill.status == RefillStatus.WAITING
