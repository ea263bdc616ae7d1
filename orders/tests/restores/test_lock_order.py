"""Two that need rows of the same orders hold them in one order: `hold_orders` says which."""

from __future__ import annotations

import dataclasses
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from orders.aftersales import cancel_sends, refill_sends, runs
from orders.aftersales.send_requests import claim
from orders.models import CancelRequest, Refill, RequestCall
from orders.polling import poll_schedule
from orders.sending.restore_check import hold_orders, recalled_requests
from orders.sending.restore_check.request_journal import JournaledCall, Named
from orders.status import CancelStatus, RefillStatus, Status, Write
from providers.models import Provider
from tests.builders import (
    NOON,
    make_cancel,
    make_order,
    make_provider,
    make_refill,
    make_service,
)

from .test_cancels_meanwhile import PATIENCE, at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.services,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="one writes at a time there"),
]
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def journaled(write: Write, *rows: CancelRequest | Refill) -> JournaledCall:
    named = [Named(row.order.form_key, row.requested_at, row.order.external_id) for row in rows]
    return JournaledCall(uuid4().hex, write, NOON, named)


def recall(then: JournaledCall, provider_id: int) -> None:
    recalled_requests._recall(provider_id, [then], NOON + HOUR)


def test_a_cancel_is_taken_for_lost_while_a_journal_tells_of_it(monkeypatch: Any) -> None:
    """Whoever takes it for lost has its row and then the schedule of its order."""
    order = make_order(Status.IN_PROGRESS, service=make_service(cancel=True))
    call = RequestCall.objects.create(
        provider=order.provider, write=Write.CANCEL, worker="w", started_at=NOON
    )
    claimed = {"requests": 1, "sent_at": NOON, "due_at": NOON, "call": call}
    cancel = make_cancel(CancelStatus.SENDING, order=order, **claimed)
    is_reaped, are_held = threading.Event(), threading.Event()
    hold, soon = hold_orders.hold_orders, poll_schedule.poll_soon

    def poll_soon(*args: Any) -> None:
        is_reaped.set()
        are_held.wait(PATIENCE)
        soon(*args)

    def held(*args: Any) -> None:
        is_reaped.wait(20)
        hold(*args)
        are_held.set()

    monkeypatch.setattr(cancel_sends, "poll_soon", poll_soon)
    monkeypatch.setattr(recalled_requests, "hold_orders", held)
    then = journaled(Write.CANCEL, cancel)
    at_once(
        lambda: runs._reap_cancel(cancel, NOON + HOUR),
        lambda: recall(then, order.provider_id),
    )
    cancel.refresh_from_db()
    assert cancel.is_unclear


@pytest.mark.parametrize("write", [Write.CANCEL, Write.REFILL])
def test_requests_are_claimed_while_a_journal_tells_of_them(monkeypatch: Any, write: Write) -> None:
    """The one that is due first is not the one with the lower key."""
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    service = make_service(account, cancel=True, refill=True)
    status = Status.IN_PROGRESS if write == Write.CANCEL else Status.COMPLETED
    make: Any = make_cancel if write == Write.CANCEL else make_refill
    rows = [
        make(order=make_order(status, service=service), due_at=NOON - minutes * MINUTE)
        for minutes in (1, 2)
    ]
    kind: Any = cancel_sends.CANCELS if write == Write.CANCEL else refill_sends.REFILLS
    is_claimed, is_recalled = threading.Event(), threading.Event()
    name = "take_cancel" if write == Write.CANCEL else "_take_refill"
    bring_back = getattr(recalled_requests, name)

    def take(*args: Any) -> bool:
        taken: bool = kind.take(*args)
        is_claimed.set()
        is_recalled.wait(PATIENCE / 3)
        return taken

    def recalled(*args: Any, **more: Any) -> bool:
        is_claimed.wait(20)
        taken: bool = bring_back(*args, **more)
        is_recalled.set()
        return taken

    monkeypatch.setattr(recalled_requests, name, recalled)
    fresh = Provider.objects.get(pk=account.pk)
    at_once(
        lambda: claim(dataclasses.replace(kind, take=take), fresh, now=NOON),
        lambda: recall(journaled(write, *rows), account.pk),
    )
    for row in rows:
        row.refresh_from_db()
        assert row.requests > 0 and row.status not in (CancelStatus.QUEUED, RefillStatus.QUEUED)
