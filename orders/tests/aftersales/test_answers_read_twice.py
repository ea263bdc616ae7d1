"""An answer that was recorded is read from the disk once more: its worker's machine died before the
file was gone. It stands for nothing that was asked for since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orders.aftersales import request_refills
from orders.aftersales.batch_outcome import Answered, outcome_to_json
from orders.models import CancelRequest, EventKind, Order, Refill, RequestCall
from orders.sending.restore_check.recalled_requests import take_in_kept
from orders.status import CancelStatus, RefillStatus, Status
from orders.tests.aftersales.test_send_requests import FakeDesk, send
from providers.panel_api import RefillStarted, RefusalCode, Refused
from tests.builders import NOON, make_cancel, make_order, make_refill, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOUR = timedelta(hours=1)


def read_again(call: RequestCall | None, order: Order, said: Any) -> None:
    """The machine of the call starts again, and finds the file."""
    assert call is not None
    outcome = outcome_to_json(Answered({order.external_id: said}))
    assert take_in_kept({"call": call.idempotency_key, "outcome": outcome}, now=NOON + HOUR)


@pytest.mark.parametrize("number", ["77", ""], ids=["number of another order", "no number"])
def test_it_stands_for_no_refill_asked_for_since(number: str) -> None:
    service = make_service(refill=True)
    other = make_order(Status.COMPLETED, service=service)
    make_refill(RefillStatus.COMPLETED, order=other, external_id="77", followed_by="77")
    order = make_order(Status.COMPLETED, service=service)
    first, desk = make_refill(order=order), FakeDesk()
    desk.says[order.external_id] = RefillStarted(number)
    send(first, desk)
    first.refresh_from_db()
    assert (first.status, first.followed_by) == (RefillStatus.PENDING, "")
    assert request_refills.withdraw_refill(first, actor=make_user(), now=NOON + HOUR)
    assert not request_refills.request_refill(order, actor=make_user(), now=NOON + HOUR)
    second = Refill.objects.exclude(pk=first.pk).get(order=order)
    read_again(first.call, order, RefillStarted(number))
    second.refresh_from_db()
    assert second.status == RefillStatus.QUEUED, "shown at the provider, and was never sent"


def test_the_history_tells_of_no_late_answer_to_a_refill_that_was_answered_in_time() -> None:
    order = make_order(Status.COMPLETED, service=make_service(refill=True))
    refill, desk = make_refill(order=order), FakeDesk()
    desk.says[order.external_id] = RefillStarted("77")
    send(refill, desk)
    Refill.objects.update(status=RefillStatus.COMPLETED, ended_at=NOON)
    told = order.events.filter(kind=EventKind.REFILL).count()
    read_again(Refill.objects.get().call, order, RefillStarted("77"))
    assert order.events.filter(kind=EventKind.REFILL).count() == told


def test_a_cancel_that_was_told_to_wait_waits_no_longer_for_it() -> None:
    cancel, desk = make_cancel(), FakeDesk()
    order, wait = cancel.order, Refused("Not yet", RefusalCode.WAIT, wait_seconds=7200)
    desk.says[order.external_id] = wait
    send(cancel, desk)
    before = CancelRequest.objects.values().get()
    assert before["status"] == CancelStatus.QUEUED
    told = order.events.count()
    read_again(CancelRequest.objects.get().call, order, wait)
    assert (CancelRequest.objects.values().get(), order.events.count()) == (before, told)
