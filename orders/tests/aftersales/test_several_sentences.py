"""A provider that says no in several sentences: each of them may tell of an earlier try."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.aftersales import request_refills, runs
from orders.models import Refill
from orders.status import CancelStatus, RefillStatus, Status
from orders.tests.aftersales.test_send_requests import FakeDesk, send
from providers.panel_api import Refused
from providers.panel_api.answers.decode_requests import cancels, refills
from providers.panel_api.dialect import Dialect
from tests.builders import NOON, make_cancel, make_order, make_user
from tests.fake_provider import lost_answer

pytestmark = [pytest.mark.django_db, pytest.mark.services]
DAY = timedelta(days=1)
WAIT = "Please wait 24 hours before requesting refill"
REQUESTED = "Refill was requested less than 24 hours ago"
NOT_ALLOWED, USED_UP = "Refill is not allowed", "Refill limit reached"
TOO_MANY = "Too many requests"
NO_CANCEL, CANCELED = "Order cannot be canceled", "Order is already canceled"
CODE = "cancel.error.order_ended"


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
