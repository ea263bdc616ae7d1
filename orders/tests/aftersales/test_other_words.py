"""A refusal of a refill or a cancel beside other words of the answer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from orders.aftersales import request_refills, runs
from orders.models import Refill
from orders.status import UNCLEAR, CancelStatus, RefillStatus, Status
from orders.tests.aftersales.test_send_requests import send
from providers.panel_api.tests.stub import client_hearing
from tests.builders import NOON, make_cancel, make_order, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NO, OPEN = "Refill is not allowed", "Refill is already in progress"


@pytest.mark.parametrize(
    "body",
    [
        {"error": NO, "code": "refill.error.previous_not_completed"},
        {"error": NO, "data": [{"error": OPEN}]},
        {"error": "Too many requests", "data": [{"error": OPEN}]},
    ],
)
def test_a_refill_that_may_be_under_way_is_in_doubt_and_not_sent_again(
    body: dict[str, Any],
) -> None:
    order = make_order(Status.COMPLETED)
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk, transport = client_hearing(json.dumps(body), json.dumps({"refill": 7}))
    for later in range(3):
        send(Refill.objects.get(), desk, NOON + timedelta(days=later))
    refill = Refill.objects.get()
    assert (refill.status, refill.external_id) == (RefillStatus.UNCONFIRMED, "")
    assert body["error"] in refill.reason
    assert len(transport.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Cancel is not allowed", "code": "order_ended"},
    ],
)
def test_a_cancel_that_may_be_taken_is_unclear(body: dict[str, Any]) -> None:
    cancel = make_cancel()
    desk, _ = client_hearing(json.dumps(body))
    runs.send_requests(cancel.provider, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert (cancel.status, cancel.code) == (CancelStatus.QUEUED, UNCLEAR)
