"""A provider that says no in several sentences: each of them may tell of an earlier try."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orders.aftersales import cancel_sends, request_refills, runs
from orders.aftersales.batch_outcome import Answered, has_taken, may_be_open
from orders.aftersales.send_requests import claim
from orders.models import CancelRequest, Refill, RequestCall
from orders.status import UNCLEAR, CancelStatus, RefillStatus, Status, Write
from orders.tests.aftersales.test_send_requests import FakeDesk, send
from providers.panel_api import CancelAccepted, Refused
from providers.panel_api.answers.decode_requests import cancels, refills
from providers.panel_api.dialect import Dialect
from providers.panel_api.refusals.classify import no_cancel_explains, no_refill_explains
from tests.builders import NOON, make_cancel, make_order, make_user
from tests.fake_provider import lost_answer

pytestmark = [pytest.mark.django_db, pytest.mark.services]
DAY = timedelta(days=1)
WAIT = "Please wait 24 hours before requesting refill"
REQUESTED = "Refill was requested less than 24 hours ago"
NOT_ALLOWED, USED_UP = "Refill is not allowed", "Refill limit reached"
TOO_MANY = "Too many requests"
IN_PROGRESS, EXISTS = "Refill is already in progress", "Refill request already exists"
NO_CANCEL, CANCELED = "Order cannot be canceled", "Order is already canceled"
CODE = "cancel.error.order_ended"
CANCEL_REQUESTED = "Cancel already requested"


def no_cancel(order_id: str, *said: str) -> Refused:
    """As the client reads it."""
    row = {"order": order_id, "cancel": {"errors": list(said)}}
    refused = cancels([row], [order_id], Dialect())[order_id]
    assert isinstance(refused, Refused)
    return refused


def no_refill(order_id: str, *said: str) -> Refused:
    """As the client reads it."""
    row = {"order": order_id, "refill": {"errors": list(said)}}
    refused = refills([row], [order_id], Dialect())[order_id]
    assert isinstance(refused, Refused)
    return refused


@pytest.mark.parametrize(
    "said",
    [
        (WAIT, REQUESTED),
        (NOT_ALLOWED, USED_UP),
        (USED_UP, NOT_ALLOWED),
        (TOO_MANY, REQUESTED),
        (TOO_MANY, USED_UP),
    ],
)
def test_a_lost_refill_of_which_a_later_sentence_tells_stays_in_doubt(said: tuple[str]) -> None:
    order, desk = make_order(Status.COMPLETED), FakeDesk()
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk.then = lost_answer()
    send(Refill.objects.get(), desk, NOON)
    lost = Refill.objects.get()
    assert request_refills.ask_again(lost, actor=make_user(), now=NOON + DAY / 24) == ""
    desk.then, desk.says = None, {order.external_id: no_refill(order.external_id, *said)}
    send(lost, desk, NOON + DAY / 24)
    lost.refresh_from_db()
    assert lost.status == RefillStatus.UNCONFIRMED
    assert all(sentence in lost.reason for sentence in said)
    desk.says = {}
    send(lost, desk, NOON + 3 * DAY)
    assert len(desk.calls) == 2, "sent a third time by itself"


def test_one_that_was_never_lost_waits_its_turn_where_the_provider_is_called_too_often() -> None:
    order, desk = make_order(Status.COMPLETED), FakeDesk()
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk.says = {order.external_id: no_refill(order.external_id, TOO_MANY, REQUESTED)}
    send(Refill.objects.get(), desk, NOON)
    assert Refill.objects.get().status == RefillStatus.QUEUED


def test_the_wait_that_a_later_sentence_names_is_kept() -> None:
    refused = no_refill("5", "Refill error requested recently", "Refill is available in 3 hours")
    assert refused.wait_seconds == 3 * 3600


@pytest.mark.parametrize(
    "said", [(NO_CANCEL, CANCELED), (CANCELED, NO_CANCEL), (NO_CANCEL, CODE), (CODE, NO_CANCEL)]
)
def test_a_cancel_is_not_refused_where_a_later_sentence_says_that_it_is_canceled(
    said: tuple[str, str],
) -> None:
    cancel, desk = make_cancel(), FakeDesk()
    order_id = cancel.order.external_id
    row = {"order": order_id, "cancel": {"error": said[0], "message": said[1]}}
    desk.says = cancels([row], [order_id], Dialect())
    runs.send_requests(cancel.provider, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert cancel.status == CancelStatus.ACCEPTED


UNDER_WAY = pytest.mark.parametrize(
    "said",
    [
        *((first, IN_PROGRESS) for first in (TOO_MANY, WAIT, NOT_ALLOWED, USED_UP)),
        (TOO_MANY, EXISTS),
        (IN_PROGRESS, TOO_MANY),
        (*[NOT_ALLOWED + "!" * number for number in range(15)], IN_PROGRESS),  # cut before it
    ],
)


@UNDER_WAY
def test_a_refill_that_a_later_sentence_tells_of_is_followed_and_not_sent_again(
    said: tuple[str, ...],
) -> None:
    order, desk = make_order(Status.COMPLETED), FakeDesk()
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk.says = {order.external_id: no_refill(order.external_id, *said)}
    send(Refill.objects.get(), desk, NOON)
    desk.says = {}
    send(Refill.objects.get(), desk, NOON + 3 * DAY)
    assert Refill.objects.get().status == RefillStatus.PENDING
    assert len(desk.calls) == 1, "sent again by itself"


@pytest.mark.parametrize("is_closed", [False, True])
@UNDER_WAY
def test_so_is_one_that_was_lost_and_one_asked_for_after_it_was_closed(
    said: tuple[str, ...], *, is_closed: bool
) -> None:
    order, desk, at = make_order(Status.COMPLETED), FakeDesk(), NOON + DAY / 24
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk.then = lost_answer()
    send(Refill.objects.get(), desk, NOON)
    if is_closed:
        assert request_refills.withdraw_refill(Refill.objects.get(), actor=None, now=at)
        assert request_refills.request_refill(order, actor=make_user(), now=at) == ""
    else:
        assert request_refills.ask_again(Refill.objects.get(), actor=make_user(), now=at) == ""
    desk.then, desk.says = None, {order.external_id: no_refill(order.external_id, *said)}
    send(Refill.objects.latest("pk"), desk, at)
    desk.says = {}
    send(Refill.objects.latest("pk"), desk, NOON + 3 * DAY)
    assert Refill.objects.latest("pk").status == RefillStatus.PENDING
    assert len(desk.calls) == 2, "sent again by itself"


@UNDER_WAY
def test_nor_is_it_known_as_not_begun_where_a_journal_tells_of_it(said: tuple[str, ...]) -> None:
    assert may_be_open(Answered({"5": no_refill("5", *said)}), "5")


def test_words_that_nobody_knows_beside_it_leave_it_in_doubt() -> None:
    order, desk = make_order(Status.COMPLETED), FakeDesk()
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk.says = {order.external_id: no_refill(order.external_id, "Who knows", IN_PROGRESS)}
    send(Refill.objects.get(), desk, NOON)
    assert Refill.objects.get().status == RefillStatus.UNCONFIRMED


@pytest.mark.parametrize("first", [NO_CANCEL, TOO_MANY, "Not eligible"])
def test_a_cancel_is_not_refused_where_a_later_sentence_says_that_it_was_requested(
    first: str,
) -> None:
    cancel, desk = make_cancel(), FakeDesk()
    order_id = cancel.order.external_id
    inside = {"error": first, "message": "Cancel already requested"}
    desk.says = cancels([{"order": order_id, "cancel": inside}], [order_id], Dialect())
    runs.send_requests(cancel.provider, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert (cancel.status, cancel.code) == (CancelStatus.ACCEPTED, "already_open")
    assert has_taken(Answered(desk.says), order_id)


@pytest.mark.parametrize("taken", [{"request_id": 55}, {"status": "pending"}])
def test_a_cancel_is_not_refused_by_words_beside_its_number_or_state(taken: dict[str, Any]) -> None:
    cancel, desk = make_cancel(), FakeDesk()
    order_id = cancel.order.external_id
    row = {"order": order_id, "cancel": {"error": NO_CANCEL, **taken}}
    desk.says = cancels([row], [order_id], Dialect())
    runs.send_requests(cancel.provider, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert (cancel.status, cancel.code) == (CancelStatus.QUEUED, UNCLEAR)


def test_nor_is_a_refill_by_words_beside_its_success() -> None:
    order, desk = make_order(Status.COMPLETED), FakeDesk()
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    row = {"order": order.external_id, "refill": "success", "error": NOT_ALLOWED}
    desk.says = refills([row], [order.external_id], Dialect())
    send(Refill.objects.get(), desk, NOON)
    assert Refill.objects.get().status == RefillStatus.UNCONFIRMED


def test_a_sentence_nobody_knows_explains_nothing_away() -> None:
    known = "Refill is disabled for this service"
    assert no_refill_explains(known) and no_refill_explains(f"Error: {known}.")
    assert no_refill_explains("Incorrect order ID") and not no_refill_explains("Error")
    assert not no_refill_explains(f"{known}. Who knows")
    assert not no_cancel_explains("Incorrect order ID. Who knows")


OF_A_REFILL = pytest.mark.parametrize("said", [(NO_CANCEL, IN_PROGRESS), (IN_PROGRESS,)])


@OF_A_REFILL
def test_a_cancel_is_not_taken_where_a_refill_is_said_to_be_under_way(
    said: tuple[str, ...],
) -> None:
    cancel, desk = make_cancel(), FakeDesk()
    order_id = cancel.order.external_id
    desk.says = {order_id: no_cancel(order_id, *said)}
    runs.send_requests(cancel.provider, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert (cancel.status, cancel.code) == (CancelStatus.QUEUED, UNCLEAR)
    assert all(sentence in cancel.reason for sentence in said)
    assert not has_taken(Answered(desk.says), order_id)
    assert may_be_open(Answered(desk.says), order_id)


@OF_A_REFILL
def test_nor_does_that_end_the_doubt_of_one_that_is_another_calls(said: tuple[str, ...]) -> None:
    cancel = make_cancel()
    call = claim(cancel_sends.CANCELS, cancel.provider, now=NOON)
    assert call is not None
    other = RequestCall.objects.create(
        provider=cancel.provider, write=Write.CANCEL, started_at=NOON
    )
    mine = CancelRequest.objects.filter(pk=cancel.pk)
    mine.update(call=other, status=CancelStatus.REFUSED, code=UNCLEAR, ended_at=NOON)
    order_id = cancel.order.external_id
    late: Answered[CancelAccepted | Refused] = Answered({order_id: no_cancel(order_id, *said)})
    cancel_sends.record(call.rows, late, cancel.provider, NOON + DAY)
    cancel.refresh_from_db()
    assert (cancel.status, cancel.code) == (CancelStatus.REFUSED, UNCLEAR)


@pytest.mark.parametrize("said", [(IN_PROGRESS, CANCEL_REQUESTED), (IN_PROGRESS, CANCELED)])
def test_beside_words_about_a_refill_its_own_words_are_heard(said: tuple[str, str]) -> None:
    cancel, desk = make_cancel(), FakeDesk()
    order_id = cancel.order.external_id
    desk.says = {order_id: no_cancel(order_id, *said)}
    runs.send_requests(cancel.provider, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert cancel.status == CancelStatus.ACCEPTED
    assert has_taken(Answered(desk.says), order_id)


@pytest.mark.parametrize("by_order", [False, True])
@pytest.mark.parametrize("said", [(NOT_ALLOWED, CANCEL_REQUESTED), (CANCEL_REQUESTED,)])
def test_a_refill_is_not_followed_where_a_cancel_is_said_to_be_under_way(
    said: tuple[str, ...], *, by_order: bool
) -> None:
    order, desk = make_order(Status.COMPLETED), FakeDesk()
    order.provider.dialect = {"refill_status_by_order": by_order}
    order.provider.save()
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk.says = {order.external_id: no_refill(order.external_id, *said)}
    send(Refill.objects.get(), desk, NOON)
    refill = Refill.objects.get()
    assert (refill.status, refill.followed_by) == (RefillStatus.UNCONFIRMED, "")
    assert all(sentence in refill.reason for sentence in said)


def test_one_told_of_both_is_followed() -> None:
    order, desk = make_order(Status.COMPLETED), FakeDesk()
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    said = no_refill(order.external_id, CANCEL_REQUESTED, IN_PROGRESS)
    desk.says = {order.external_id: said}
    send(Refill.objects.get(), desk, NOON)
    assert Refill.objects.get().status == RefillStatus.PENDING
