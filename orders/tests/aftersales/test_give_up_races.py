"""A cancel whose order cannot be read is given up while its answer is written down after all."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from orders.aftersales import cancel_sends, runs
from orders.aftersales.batch_outcome import Answered
from orders.models import CancelRequest, EventKind, PollSchedule, RequestCall
from orders.status import UNCLEAR, CancelStatus, Status, Write
from orders.tests.restores.test_cancels_meanwhile import before_it_is_committed
from providers.panel_api import CancelAccepted, Refused
from tests.builders import NOON, make_cancel, make_order, make_service

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
NOW = NOON + timedelta(hours=26)


@pytest.fixture
def unread() -> CancelRequest:
    """Sent, its answer lost, and its order asked about in vain for a day."""
    order = make_order(Status.IN_PROGRESS, service=make_service(cancel=True))
    call = RequestCall.objects.create(
        key=uuid4(), provider=order.provider, write=Write.CANCEL, worker="w", started_at=NOON
    )
    cancel: CancelRequest = make_cancel(
        order=order, due_at=NOON, requests=1, sent_at=NOON, call=call, code=UNCLEAR
    )
    asked = {"checked_at": NOON + timedelta(hours=25), "next_at": NOON + timedelta(hours=30)}
    PollSchedule.objects.update_or_create(
        order=order,
        defaults={
            "provider": order.provider,
            "external_id": order.external_id,
            "failures": 5,
            "looked_at": None,
            "changed_at": NOON,
            **asked,
        },
    )
    return cancel


def test_an_answer_that_is_being_written_down_is_not_overwritten(unread: CancelRequest) -> None:
    """PostgreSQL looks again only at what stands in the row itself after it has waited."""

    def answer() -> None:
        assert unread.call is not None
        of_call = cancel_sends.CANCELS.of_call(unread.call)
        said: dict[str, CancelAccepted | Refused] = {unread.order.external_id: CancelAccepted("77")}
        cancel_sends.record(of_call, Answered(said), unread.order.provider, NOW)

    before_it_is_committed(answer, lambda: runs.end_cancels(now=NOW))
    unread.refresh_from_db()
    assert unread.status == CancelStatus.ACCEPTED


def test_two_sweeps_at_once_tell_it_once(unread: CancelRequest) -> None:
    def sweep() -> None:
        runs.end_cancels(now=NOW)

    before_it_is_committed(sweep, sweep)
    told = unread.order.events.filter(kind=EventKind.CANCEL, text=runs.NEVER_READ)
    assert told.count() == 1
