"""A provider that says no in several sentences: each of them may tell of an earlier try."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from orders.aftersales import cancel_sends, request_refills, runs
from orders.aftersales.batch_outcome import (
    Answered,
    has_taken,
    may_be_open,
    outcome_from_json,
    outcome_to_json,
)
from orders.aftersales.send_requests import claim
from orders.models import CancelRequest, Refill, RequestCall
from orders.status import UNCLEAR, CancelStatus, RefillStatus, Status, Write
from orders.tests.aftersales.test_send_requests import FakeDesk, fresh, send
from providers.panel_api import CancelAccepted, Refused, Says
from providers.panel_api.answers.decode_requests import cancels, refills
from providers.panel_api.dialect import Dialect
from providers.panel_api.refusals.request_refusals import hear
from tests.builders import NOON, make_cancel, make_order, make_refill, make_user
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
        (TOO_MANY, WAIT),
        (WAIT, NOT_ALLOWED),
        (REQUESTED, NOT_ALLOWED),
        (TOO_MANY, *[TOO_MANY + "!" * number for number in range(15)], WAIT),  # cut before it
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
    assert said[0] in lost.reason
    desk.says = {}
    send(lost, desk, NOON + 3 * DAY)
    assert len(desk.calls) == 2, "sent a third time by itself"


def test_one_that_was_never_lost_waits_its_turn_where_the_provider_is_called_too_often() -> None:
    order, desk = make_order(Status.COMPLETED), FakeDesk()
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk.says = {order.external_id: no_refill(order.external_id, TOO_MANY, REQUESTED)}
    send(Refill.objects.get(), desk, NOON)
    assert Refill.objects.get().status == RefillStatus.WAITING
    desk.says = {order.external_id: no_refill(order.external_id, NOT_ALLOWED, TOO_MANY)}
    send(Refill.objects.get(), desk, NOON + 2 * DAY)
    assert Refill.objects.get().status == RefillStatus.QUEUED


@pytest.mark.parametrize("said", [(NOT_ALLOWED, REQUESTED), (REQUESTED, NOT_ALLOWED)])
def test_what_another_one_that_we_know_of_does_not_explain_keeps_the_doubt(
    said: tuple[str, str],
) -> None:
    order, desk = make_order(Status.COMPLETED), FakeDesk()
    known = {"external_id": "9", "sent_at": NOON, "ended_at": NOON}
    make_refill(RefillStatus.COMPLETED, order=order, **known)
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk.then = lost_answer()
    lost = Refill.objects.open().get()
    send(lost, desk, NOON)
    assert request_refills.ask_again(fresh(lost), actor=make_user(), now=NOON + DAY / 24) == ""
    desk.then, desk.says = None, {order.external_id: no_refill(order.external_id, *said)}
    send(lost, desk, NOON + DAY / 24)
    assert fresh(lost).status == RefillStatus.UNCONFIRMED


@pytest.mark.parametrize(
    "said",
    [
        ("Refill error requested recently", "Refill is available in 3 hours"),
        ("Refill is available in 5 minutes", "You can request a refill in 3 hours"),
        (
            *[f"{NOT_ALLOWED}{'!' * number}" for number in range(15)],
            "Refill is available in 3 hours",
        ),
    ],
)
def test_the_wait_that_a_later_sentence_names_is_kept(said: tuple[str, ...]) -> None:
    assert no_refill("5", *said).wait_seconds == 3 * 3600


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


@UNDER_WAY
def test_the_answer_that_is_kept_on_disk_tells_the_same(said: tuple[str, ...]) -> None:
    answer = Answered({"5": no_refill("5", *said)})
    kept = outcome_from_json(json.loads(json.dumps(outcome_to_json(answer))))
    assert isinstance(kept, Answered)
    assert kept.about("5").says == answer.about("5").says


def test_one_kept_by_the_release_before_tells_of_each_sentence_too() -> None:
    reason, code = f"{TOO_MANY} … {IN_PROGRESS}", "rate_limit"
    row = {"reason": reason, "code": code, "wait_seconds": None, "spacing_seconds": None}
    assert may_be_open(outcome_from_json({"is": "answered", "rows": {"5": ["refused", row]}}), "5")


def test_what_a_newer_release_has_heard_proves_nothing() -> None:
    kept = outcome_to_json(Answered({"5": no_refill("5", NOT_ALLOWED)}))
    kept["says"]["5"].append("SOMETHING_NEW")
    assert may_be_open(outcome_from_json(kept), "5")


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

    def may_be_why(sentence: str) -> bool:
        return bool(hear([sentence])[1] & Says.REFILL_MAY_BE_WHY)

    assert not may_be_why(known) and not may_be_why(f"Error: {known}.")
    assert not may_be_why("Incorrect order ID") and may_be_why("Error")
    assert may_be_why(f"{known}. Who knows")
    assert hear(["Incorrect order ID. Who knows"])[1] & Says.CANCEL_MAY_BE_WHY


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


def test_a_cancel_beside_one_given_up_waits_as_long_as_it_is_told() -> None:
    order = make_order(Status.IN_PROGRESS)
    make_cancel(CancelStatus.REFUSED, order=order, code=UNCLEAR)
    cancel, desk = make_cancel(order=order, requested_at=NOON), FakeDesk()
    said = no_cancel(order.external_id, "You can request a refill in 3 hours")
    desk.says = {order.external_id: said}
    runs.send_requests(cancel.provider, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert (cancel.status, cancel.code) == (CancelStatus.QUEUED, UNCLEAR)
    assert cancel.due_at == NOON + timedelta(hours=3)
