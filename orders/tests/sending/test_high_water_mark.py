"""The newest send of a journal is found however much its answer has said, and is whole."""

from __future__ import annotations

import os
from uuid import uuid4

import pytest

from orders.aftersales.batch_outcome import Answered
from orders.models import RequestCall
from orders.sending.restore_check import guard, request_journal
from orders.sending.restore_check.request_journal import Named
from orders.sending.send_orders import send_order
from orders.status import Outcome, Status, Write
from providers.panel_api import RefusalCode, Refused
from tests.builders import NOON, make_order, make_provider
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.services]
MOST_ORDERS, LONGEST_REASON = 100, 300


@pytest.mark.parametrize("letter", ["a", "я", "𝔞"])
def test_a_refusal_of_every_order_of_a_call_hides_no_send(letter: str) -> None:
    """In letters that are written as six or twelve signs its line is longer than what is read of
    the end of the file; unread, the call would be forgotten by a restored database unnoticed."""
    provider = make_provider()
    call = RequestCall.objects.create(
        provider=provider, write=Write.REFILL, worker="here", started_at=NOON
    )
    named = [Named(uuid4(), NOON, str(number)) for number in range(MOST_ORDERS)]
    guard.journal_call(call, named, now=lambda: NOON)
    said = Refused(letter * LONGEST_REASON, RefusalCode.WAIT)
    request_journal.note_end(call, Answered({one.order_id: said for one in named}))
    mark = request_journal.high_water_mark(provider.pk)
    assert mark is not None and mark.is_of(call)
    RequestCall.objects.all().delete()
    assert not guard.check_database(now=NOON)


def test_nothing_is_sent_whose_line_the_disk_has_taken_in_part(monkeypatch) -> None:
    """A disk that gets full takes what still fits and says how much that was."""
    real, order, provider = os.write, make_order(), FakeProvider()
    monkeypatch.setattr("os.write", lambda file, line: real(file, line[:20]))
    assert send_order(order, order.provider, provider, clock=lambda: NOON)
    order.refresh_from_db()
    assert (order.status, provider.placed) == (Status.QUEUED, [])
    assert order.attempts.get().outcome == Outcome.NOT_SENT
