"""Cancels that this machine had sent, on a database that was put back to before them, beside those
that were asked for there by somebody who did not know."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.aftersales import request_cancels, runs
from orders.aftersales.batch_outcome import Answered
from orders.models import CancelRequest, EventKind, Order, RequestCall
from orders.sending.restore_check import guard
from orders.sending.restore_check.forgotten_sends import WORDS
from orders.sending.restore_check.recalled_cancels import BESIDE
from orders.status import UNCLEAR, CancelStatus, Status, Write
from orders.tests.sending.test_restore_guard import acknowledge
from providers.models import Provider
from providers.panel_api import CancelAccepted, RefusalCode, Refused
from tests.builders import NOON, make_cancel, make_order, make_provider, make_service

from .test_recalled_calls import Panel, Silent, recalled, told

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATER = NOON + timedelta(minutes=5)
DAY = timedelta(days=1)
NOT_YET = Refused("Not yet", RefusalCode.WAIT)


@pytest.fixture(params=[Panel, Silent], ids=["answered", "its answer lost"])
def there(request) -> Panel:
    panel: Panel = request.param()
    return panel


@pytest.fixture
def order() -> Order:
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    return make_order(Status.IN_PROGRESS, service=make_service(account, cancel=True))


def send(order: Order, there: Panel, now=NOON) -> None:
    fresh = Provider.objects.get(pk=order.provider_id)
    runs.send_requests(fresh, there, clock=lambda: now, seconds=0)


def put_back(kept: CancelRequest | None = None) -> None:
    """To before anything was sent; one that was `kept` stands there as queued."""
    CancelRequest.objects.exclude(pk=kept.pk if kept else 0).delete()
    CancelRequest.objects.update(
        status=CancelStatus.QUEUED,
        requests=0,
        sent_at=None,
        ended_at=None,
        call=None,
        external_id="",
        code="",
        reason="",
    )
    RequestCall.objects.all().delete()


def ask(order: Order, now=LATER) -> CancelRequest:
    assert request_cancels.request_cancel(order, actor=None, now=now) == ""
    return CancelRequest.objects.get(order=order, requested_at=now)


def accept_and_go_on(order: Order, there: Panel) -> None:
    acknowledge(LATER + timedelta(minutes=10))
    for minute in (11, 12, 13):
        now = LATER + timedelta(minutes=minute)
        guard.check_database(now=now)
        send(order, there, now)


def test_one_whose_own_claim_finds_out_is_not_sent_beside_the_first(order, there):
    """The click rings, and the claim of the new cancel is what has the journal read."""
    make_cancel(order=order)
    send(order, there)
    put_back()
    ask(order)
    send(order, there, LATER)
    accept_and_go_on(order, there)
    assert there.done == [order.external_id]
    request = CancelRequest.objects.get()
    assert (request.status, request.code, request.reason) == ("refused", UNCLEAR, BESIDE)
    assert order.events.filter(kind=EventKind.CANCEL, text=BESIDE).count() == 1


def test_an_older_one_that_was_taken_back_in_the_other_life_is_not_sent_beside(order, there):
    """The backup holds it as queued. It was taken back, and another asked for and sent."""
    first = make_cancel(order=order, requested_at=NOON - timedelta(hours=2))
    assert request_cancels.withdraw_cancel(first, actor=None, now=NOON - timedelta(hours=1))
    ask(order, NOON)
    send(order, there)
    put_back(first)
    guard.check_database(now=LATER)
    accept_and_go_on(order, there)
    assert there.done == [order.external_id]


def test_one_asked_for_while_the_clock_of_the_first_was_ahead_is_not_sent_beside(
    monkeypatch, order
):
    ask(order, NOON - DAY - timedelta(hours=1))  # the one that was sent is of NOON - DAY
    assert recalled(monkeypatch, order, write=Write.CANCEL) == 1
    assert not CancelRequest.objects.due_to_send(NOON + DAY).exists()


def test_one_that_nobody_here_has_sent_says_no_more_than_that(monkeypatch, order, staff):
    ask(order, NOON)
    assert recalled(monkeypatch, order, write=Write.CANCEL) == 1
    page = staff.get(f"/orders/{order.pk}/").content.decode()
    assert "Unclear" in page and BESIDE in page
    assert "knows of no try to send it" in page and "Nobody knows" not in page
    assert "This machine had sent it" in page and "Recalled" not in page, "a key tells nobody"


def test_one_that_waits_to_be_sent_again_is_not_sent_beside(monkeypatch, order):
    make_cancel(order=order, requests=1, sent_at=NOON - DAY, requested_at=NOON, code="wait")
    assert recalled(monkeypatch, order, write=Write.CANCEL) == 1
    assert CancelRequest.objects.get().is_unclear, "of its own call nobody knows"


def test_one_asked_for_since_is_sent_where_the_first_was_refused(monkeypatch, order):
    request = make_cancel(order=order, requested_at=NOON)
    outcome = Answered({order.external_id: NOT_YET})
    assert recalled(monkeypatch, order, write=Write.CANCEL, outcome=outcome) == 1
    assert CancelRequest.objects.due_to_send(NOON).get() == request
    assert len(told(order)) == 1


def test_one_asked_for_since_is_given_up_also_where_the_first_is_known_as_sent(monkeypatch, order):
    """Of several calls about the first the database lacks one: its history tells what became of
    the other cancel all the same."""
    make_cancel(CancelStatus.REFUSED, order=order, requested_at=NOON - DAY, requests=1)
    since = make_cancel(order=order, requested_at=NOON)
    assert recalled(monkeypatch, order, write=Write.CANCEL) == 0
    since.refresh_from_db()
    assert since.status == CancelStatus.REFUSED
    assert order.events.filter(text=BESIDE).exists()


@pytest.mark.parametrize("anew", [False, True], ids=["taken back", "and asked for anew"])
def test_one_that_staff_take_back_before_the_journal_is_read_is_given_back_its_send(
    order, there, anew
):
    first = make_cancel(order=order)
    send(order, there)
    put_back(first)
    first.refresh_from_db()
    assert request_cancels.withdraw_cancel(first, actor=None, now=LATER)
    if anew:
        ask(order)
    guard.check_database(now=LATER)
    first.refresh_from_db()
    is_lost = isinstance(there, Silent)
    status = CancelStatus.REFUSED if is_lost else CancelStatus.ACCEPTED
    assert (first.status, first.code, first.requests) == (status, UNCLEAR if is_lost else "", 1)
    assert bool(first.ended_at) is is_lost
    assert len(told(order)) == 1
    accept_and_go_on(order, there)
    assert there.done == [order.external_id]


def test_one_that_was_refused_and_taken_back_since_stays_taken_back(monkeypatch, order, staff):
    """Given back, it would be asked for again by itself. Nothing says that it was not sent."""
    request = make_cancel(order=order, requested_at=NOON - DAY)
    assert request_cancels.withdraw_cancel(request, actor=None, now=NOON)
    outcome = Answered({order.external_id: NOT_YET})
    assert recalled(monkeypatch, order, write=Write.CANCEL, outcome=outcome) == 1
    request.refresh_from_db()
    assert (request.status, request.reason, request.requests) == (CancelStatus.ENDED, WORDS, 1)
    assert len(told(order)) == 1
    page = staff.get(f"/orders/{order.pk}/").content.decode()
    assert "before it was sent" not in page


def test_one_that_was_taken_back_does_not_stand_beside_another_that_the_provider_has(
    monkeypatch, order
):
    mine = make_cancel(CancelStatus.ENDED, order=order, requested_at=NOON - DAY, reason="Back.")
    other = make_cancel(CancelStatus.ACCEPTED, order=order, requested_at=NOON, requests=1)
    outcome = Answered({order.external_id: CancelAccepted("c9")})
    assert recalled(monkeypatch, order, write=Write.CANCEL, outcome=outcome) == 1
    rows = dict(CancelRequest.objects.values_list("pk", "status"))
    assert rows == {mine.pk: CancelStatus.ENDED, other.pk: CancelStatus.ACCEPTED}
    mine.refresh_from_db()
    assert (mine.reason, mine.requests) == (WORDS, 1)
    assert len(told(order)) == 1


@pytest.mark.parametrize("says", [None, CancelAccepted("c9")], ids=["lost", "taken"])
def test_one_that_ended_with_its_order_stays_ended(monkeypatch, order, says):
    request = make_cancel(order=order, requested_at=NOON - DAY)
    Order.objects.filter(pk=order.pk).update(status=Status.CANCELED)
    assert runs.end_cancels(now=NOON) == 1
    outcome = says and Answered({order.external_id: says})
    assert recalled(monkeypatch, order, write=Write.CANCEL, outcome=outcome) == 1
    assert runs.end_cancels(now=LATER) == 0
    request.refresh_from_db()
    assert (request.status, request.code, request.requests) == (CancelStatus.ENDED, "", 1)
    ends = order.events.filter(kind=EventKind.CANCEL, text__contains="is over")
    assert ends.count() == 1
    assert len(told(order)) == 1
