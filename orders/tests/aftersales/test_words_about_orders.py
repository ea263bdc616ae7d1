"""A refused refill or cancel in words about orders: that one runs, or was placed a moment ago."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from orders.aftersales import request_refills, runs
from orders.aftersales.batch_outcome import is_undone, outcome_from_json
from orders.models import Refill
from orders.status import UNCLEAR, CancelStatus, RefillStatus, Status
from orders.tests.aftersales.test_send_requests import send
from providers.panel_api import RefusalCode
from providers.panel_api.tests.stub import client_hearing
from tests.builders import NOON, make_cancel, make_order, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
ABOUT_ORDERS = pytest.mark.parametrize(
    "said", ["Duplicate order", "You have active order with this link"]
)


@ABOUT_ORDERS
def test_a_refill_that_may_be_the_one_that_runs_is_in_doubt_and_not_sent_again(said: str) -> None:
    order = make_order(Status.COMPLETED)
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk, transport = client_hearing(json.dumps({"error": said}), json.dumps({"refill": 7}))
    for later in range(3):
        send(Refill.objects.get(), desk, NOON + timedelta(days=later))
    refill = Refill.objects.get()
    assert (refill.status, refill.external_id) == (RefillStatus.UNCONFIRMED, "")
    assert said in refill.reason
    assert len(transport.asked) == 1


@ABOUT_ORDERS
def test_a_cancel_is_unclear(said: str) -> None:
    cancel = make_cancel()
    desk, _ = client_hearing(json.dumps({"error": said}))
    runs.send_requests(cancel.provider, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert (cancel.status, cancel.code) == (CancelStatus.QUEUED, UNCLEAR)


@pytest.mark.parametrize("code", ["duplicate", "link_busy"])
def test_so_it_is_where_the_release_before_has_kept_it(code: str) -> None:
    row = {"reason": "Is there", "code": code, "wait_seconds": None, "spacing_seconds": None}
    kept = outcome_from_json({"is": "answered", "rows": {"5": ["refused", row]}})
    assert not is_undone(kept, "5")


@pytest.mark.parametrize(
    ("ours", "word"),
    [
        ("refill.error.previous_not_completed", RefusalCode.SERVICE),
        ("You can request refill after 24 hours", RefusalCode.RATE_LIMIT),
    ],
)
def test_a_phrase_of_the_provider_hides_nothing_of_what_we_know(
    ours: str, word: RefusalCode
) -> None:
    order = make_order(Status.COMPLETED)
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk, _ = client_hearing(json.dumps([{"order": order.external_id, "refill": {"error": ours}}]))
    send(Refill.objects.get(), desk.speaking(type(desk.dialect)(refusals={ours: word})), NOON)
    assert Refill.objects.get().status in (RefillStatus.PENDING, RefillStatus.WAITING)
