"""A cancel that nobody knows the outcome of: shown so, and told when an answer comes after all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from core.roles import Role
from orders.aftersales import runs
from orders.aftersales.batch_outcome import Answered, has_taken, outcome_to_json
from orders.aftersales.cancel_sends import CAME_LATE, CANCELS, MOST_REQUESTS
from orders.aftersales.request_cancels import request_cancel
from orders.aftersales.send_requests import claim
from orders.models import CancelRequest, EventKind, PollSchedule, RequestCall
from orders.sending.restore_check.recalled_requests import take_in_kept
from orders.status import UNCLEAR, CancelStatus, Status
from orders.templatetags.orders import cancel_badge
from orders.tests.aftersales.test_send_requests import FakeDesk
from providers.panel_api import CancelAccepted, RefusalCode, Refused
from providers.panel_api.refusals.classify import refusal_code
from tests.builders import NOON, make_cancel, make_user
from tests.fake_provider import lost_answer

pytestmark = [pytest.mark.django_db, pytest.mark.services]
MINUTE = timedelta(minutes=1)
LATER = NOON + 10 * MINUTE
YES = CancelAccepted("77")


def given_up() -> tuple[CancelRequest, RequestCall]:
    """Sent for the last time, and its worker was lost."""
    cancel = make_cancel(requests=MOST_REQUESTS - 1)
    claimed = claim(CANCELS, cancel.provider, now=NOON)
    assert claimed is not None
    assert runs.reap_lost_requests(now=NOON + 2 * MINUTE) == 1
    return CancelRequest.objects.get(pk=cancel.pk), claimed.call


def in_other_hands() -> tuple[CancelRequest, RequestCall]:
    """The first call was lost, and another worker sends it once more; with the first call."""
    cancel = make_cancel()
    first = claim(CANCELS, cancel.provider, now=NOON)
    assert first is not None
    runs.reap_lost_requests(now=NOON + 2 * MINUTE)
    PollSchedule.objects.update(looked_at=NOON + 3 * MINUTE)
    assert claim(CANCELS, cancel.provider, now=NOON + 5 * MINUTE)
    return cancel, first.call


def take_in(call: RequestCall, cancel: CancelRequest, said: Any) -> CancelRequest:
    kept = outcome_to_json(Answered({cancel.order.external_id: said}))
    assert take_in_kept({"call": call.idempotency_key, "outcome": kept}, now=LATER)
    return CancelRequest.objects.get(pk=cancel.pk)


def told_late(cancel: CancelRequest) -> list[str]:
    events = cancel.order.events.filter(kind=EventKind.CANCEL, at=LATER)
    texts = [event.text for event in events.order_by("pk")]
    return [text for text in texts if text.startswith(CAME_LATE)]


def test_a_cancel_without_an_answer_is_not_shown_as_refused(client_for_role: Any) -> None:
    cancel, _ = given_up()
    badge = cancel_badge(cancel)
    assert "Unclear" in badge and "red" not in badge and "Refused" not in badge
    page = client_for_role(Role.OPERATOR).get(reverse("order", args=[cancel.order_id]))
    assert "Nobody knows whether the provider has taken it." in page.content.decode()
    assert "Refused" in cancel_badge(make_cancel(CancelStatus.REFUSED))


def test_it_is_taken_when_that_is_heard_after_all() -> None:
    cancel, call = given_up()
    cancel = take_in(call, cancel, YES)
    assert (cancel.status, cancel.external_id, cancel.ended_at) == ("accepted", "77", None)
    assert len(told_late(cancel)) == 1


def test_it_is_refused_when_that_is_heard_after_all() -> None:
    cancel, call = given_up()
    words = "Cancel is not available for this service"
    cancel = take_in(call, cancel, Refused(words, RefusalCode.NOT_ALLOWED))
    assert cancel.status == CancelStatus.REFUSED and not cancel.is_unclear
    assert len(told_late(cancel)) == 1


CANCELED_THERE = pytest.mark.parametrize(
    "words",
    [
        *("Order is already canceled", "Order already cancelled", "The order was canceled."),
        *("cancel.error.order_ended", "order_ended"),
    ],
)


@CANCELED_THERE
def test_one_that_is_told_that_it_is_canceled_there_is_followed_by_the_status(words: str) -> None:
    """The cancel may have done it: "The provider will not cancel it" would be wrong."""
    cancel, call = given_up()
    cancel = take_in(call, cancel, Refused(words, refusal_code(words)))
    assert (cancel.status, cancel.ended_at, cancel.reason) == ("accepted", None, words)
    [text] = told_late(cancel)
    assert "nothing left to cancel" in text and "will not" not in text
    cancel.order.status = Status.CANCELED
    cancel.order.save()
    assert runs.end_cancels(now=LATER) == 1
    cancel.refresh_from_db()
    assert cancel.status == CancelStatus.ENDED


@CANCELED_THERE
def test_so_is_one_that_is_sent_again_and_told_so(words: str) -> None:
    cancel, desk = make_cancel(), FakeDesk()
    desk.then = lost_answer()
    runs.send_requests(cancel.provider, desk, clock=lambda: NOON, seconds=0)
    PollSchedule.objects.update(looked_at=NOON + 3 * MINUTE)
    desk.then, desk.says = None, {cancel.order.external_id: Refused(words, refusal_code(words))}
    runs.send_requests(cancel.provider, desk, clock=lambda: LATER, seconds=0)
    cancel.refresh_from_db()
    assert (cancel.status, cancel.requests, cancel.is_unclear) == ("accepted", 2, False)


@CANCELED_THERE
def test_a_call_that_was_told_so_counts_as_one_that_was_taken(words: str) -> None:
    """A journal brings it in: a cancel that was given up before comes into its hands."""
    assert has_taken(Answered({"7": Refused(words, refusal_code(words))}), "7")
    assert not has_taken(Answered({"7": Refused("Not eligible", RefusalCode.NOT_ALLOWED)}), "7")
    assert not has_taken(Answered({"7": Refused(words)}), "7"), "beside words that nobody knows"


def test_one_whose_order_is_completed_there_is_refused() -> None:
    cancel, call = given_up()
    words = "Order is already completed"
    cancel = take_in(call, cancel, Refused(words, refusal_code(words)))
    assert cancel.status == CancelStatus.REFUSED and not cancel.is_unclear


def test_it_is_not_sent_again_for_an_answer_that_says_later() -> None:
    cancel, call = given_up()
    cancel = take_in(call, cancel, Refused("Not yet.", RefusalCode.RATE_LIMIT))
    assert cancel.is_unclear
    assert not CancelRequest.objects.due_to_send(LATER + 60 * MINUTE).exists()


def test_beside_one_that_was_asked_for_since_it_is_only_told() -> None:
    cancel, call = given_up()
    make_cancel(order=cancel.order)
    cancel = take_in(call, cancel, YES)
    assert cancel.is_unclear and "took the request" in cancel.reason
    assert len(told_late(cancel)) == 1


def test_the_answer_to_an_earlier_try_is_told_once() -> None:
    cancel, first = in_other_hands()
    for _ in range(2):
        assert take_in(first, cancel, YES).status == CancelStatus.SENDING
    assert told_late(cancel) == [f"{CAME_LATE} The provider took the request to cancel."]


@pytest.mark.parametrize("is_own", [False, True])
def test_only_words_of_the_provider_are_quoted_as_a_late_answer(is_own: bool) -> None:
    cancel, first = in_other_hands()
    take_in(first, cancel, Refused("It failed.", is_own=is_own))
    assert told_late(cancel) == [f"{CAME_LATE} {'It failed.' if is_own else '“It failed.”'}"]


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        ("Order cannot be canceled", "queued"),
        ("Cancel is not available for this order", "queued"),
        ("Not eligible", "queued"),
        ("Cancel is disabled for this service", "refused"),
        ("Order already completed", "refused"),
        ("Incorrect order ID", "refused"),
    ],
)
def test_a_lost_one_may_be_why_the_next_is_refused(words: str, ends: str) -> None:
    """What is being canceled cannot be canceled: its status says what became of it."""
    cancel, desk = make_cancel(), FakeDesk()
    desk.then = lost_answer()
    runs.send_requests(cancel.provider, desk, clock=lambda: NOON, seconds=0)
    desk.then, desk.says = None, {cancel.order.external_id: Refused(words, refusal_code(words))}
    PollSchedule.objects.update(looked_at=NOON + 3 * MINUTE)
    runs.send_requests(cancel.provider, desk, clock=lambda: LATER, seconds=0)
    cancel.refresh_from_db()
    assert (len(desk.calls), cancel.status) == (2, ends)
    assert cancel.code == (UNCLEAR if ends == "queued" else refusal_code(words))
    assert words in cancel.reason


@pytest.mark.parametrize(
    ("words", "is_unclear"),
    [("Order cannot be canceled", True), ("Cancel is disabled for this service", False)],
)
def test_one_that_was_given_up_may_be_why_another_is_refused(words: str, is_unclear: bool) -> None:
    first, _ = given_up()
    other, desk = make_cancel(), FakeDesk()
    made = request_cancel(first.order, actor=make_user(), now=NOON + 3 * MINUTE)
    assert made == ""
    second = CancelRequest.objects.latest("pk")
    said = Refused(words, refusal_code(words))
    desk.says = {one.order.external_id: said for one in (second, other)}
    for one in (second, other):
        runs.send_requests(one.provider, desk, clock=lambda: LATER, seconds=0)
        one.refresh_from_db()
    assert (second.code == UNCLEAR, second.status == "queued") == (is_unclear, is_unclear)
    assert words in second.reason
    assert (other.status, other.is_unclear) == (CancelStatus.REFUSED, False)


def again(call: RequestCall, cancel: CancelRequest, said: Any) -> CancelRequest:
    """As where the file of the answer is there once more."""
    RequestCall.objects.update(recorded_at=None)
    return take_in(call, cancel, said)


@pytest.mark.parametrize("words", ["Order cannot be canceled", "Who knows", "Too many requests"])
def test_a_refusal_that_proves_nothing_is_told_once_of_one_that_was_given_up(words: str) -> None:
    cancel, call = given_up()
    said = Refused(words, refusal_code(words))
    for _ in range(2):
        cancel = again(call, cancel, said)
        assert cancel.is_unclear and words in cancel.reason
        [text] = told_late(cancel)
        assert words in text


def test_so_it_is_of_one_that_goes_out_again() -> None:
    cancel = make_cancel(requests=1, code=UNCLEAR)
    claimed = claim(CANCELS, cancel.provider, now=NOON)
    assert claimed is not None and runs.reap_lost_requests(now=NOON + 2 * MINUTE) == 1
    words = "Order cannot be canceled"
    for _ in range(2):
        cancel = again(claimed.call, cancel, Refused(words, refusal_code(words)))
        assert cancel.is_sent_again_in_doubt and words in cancel.reason
        assert len(told_late(cancel)) == 1


def test_one_that_was_sent_once_is_refused_by_its_late_answer() -> None:
    """No other send may be why."""
    cancel, call = given_up()
    CancelRequest.objects.update(requests=1)
    words = "Order cannot be canceled"
    cancel = take_in(call, cancel, Refused(words, refusal_code(words)))
    assert cancel.status == CancelStatus.REFUSED and not cancel.is_unclear
    assert len(told_late(cancel)) == 1


def test_what_is_said_in_time_is_told_as_no_late_answer() -> None:
    cancel, desk = make_cancel(), FakeDesk()
    said = Refused("Who knows")
    desk.says = {cancel.order.external_id: said}
    runs.send_requests(cancel.provider, desk, clock=lambda: NOON, seconds=0)
    again(RequestCall.objects.get(), cancel, said)
    assert told_late(cancel) == []
