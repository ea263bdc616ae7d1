"""What one call said of several requests comes back whole after a restore, or nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError

from orders.aftersales import request_refills, runs
from orders.aftersales.batch_outcome import Answered, Later, outcome_to_json
from orders.aftersales.request_cancels import request_cancel
from orders.bulk import shown_history
from orders.bulk.apply_step import CANCELED_SINCE
from orders.models import BulkJob, CancelRequest, Halt, Order, PollSchedule, Refill, RequestCall
from orders.sending.restore_check import (
    forgotten_sends,
    guard,
    recall_all,
    recalled_requests,
    request_journal,
)
from orders.sending.restore_check.recalled_sends import NotRecalled
from orders.sending.restore_check.request_journal import Named
from orders.status import UNCLEAR, CancelStatus, JobKind, RefillStatus, Status, Write
from orders.tests.sending.test_restore_guard import acknowledge
from providers.models import Provider
from providers.panel_api import CancelAccepted, OutcomeUnknown, RefillStarted, RefusalCode, Refused
from tests.builders import NOON, make_cancel, make_order, make_provider, make_refill, make_service

from .test_many_over_a_gap import begin_again, run_job

pytestmark = [pytest.mark.django_db, pytest.mark.services]
SLOWER = Refused("Too many requests", RefusalCode.RATE_LIMIT)


class Panel:
    """It carries out the first of each call, and has the others asked for again."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def refill(self, order_ids: Sequence[str], *, before_send: Any = None) -> dict[str, Any]:
        return self._do(order_ids, RefillStarted("77"))

    def cancel(self, order_ids: Sequence[str], *, before_send: Any = None) -> dict[str, Any]:
        return self._do(order_ids, CancelAccepted())

    def _do(self, order_ids: Sequence[str], taken: object) -> dict[str, Any]:
        first, *others = order_ids
        self.done.append(first)
        return {first: taken, **dict.fromkeys(others, SLOWER)}


class Silent(Panel):
    """It carries out the first of each call, and its answer is lost."""

    def _do(self, order_ids: Sequence[str], taken: object) -> dict[str, Any]:
        super()._do(order_ids, taken)
        raise OutcomeUnknown("read timeout")


@pytest.mark.parametrize("make", [make_refill, make_cancel])
def test_a_call_of_which_one_row_was_told_to_wait_is_recalled(make):
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    service = make_service(account)
    status = Status.COMPLETED if make is make_refill else Status.IN_PROGRESS
    rows = [make(order=make_order(status, service=service)) for _ in range(2)]
    panel = Panel()

    def send(now: Any) -> None:
        fresh = Provider.objects.get(pk=account.pk)
        runs.send_requests(fresh, panel, clock=lambda: now, seconds=0)

    send(NOON)
    assert panel.done == [rows[0].order.external_id]
    for model in (Refill, CancelRequest):
        model.objects.update(
            status="queued",
            requests=0,
            sent_at=None,
            call=None,
            external_id="",
            code="",
            reason="",
            due_at=NOON,
        )
    RequestCall.objects.all().delete()
    later = NOON + timedelta(minutes=5)
    guard.check_database(now=later)
    statuses = [type(row).objects.get(pk=row.pk).status for row in rows]
    known = ["pending", "unconfirmed"] if make is make_refill else ["accepted", "queued"]
    assert statuses == known
    Halt.objects.update(lifted_at=later)
    identity = guard.database_identity()
    recall_all.accept_database(identity, [account.pk], now=later)
    send(later + timedelta(hours=2))
    assert panel.done.count(rows[0].order.external_id) == 1, "it was sent twice"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (OutcomeUnknown("read timeout"), RefillStatus.UNCONFIRMED),
        (RefillStarted("77"), RefillStatus.PENDING),
        (Refused("Not yet", RefusalCode.WAIT), RefillStatus.QUEUED),
    ],
    ids=["unknown", "started", "refused"],
)
def test_a_refill_asked_for_since_is_not_sent_beside_one_that_may_be_open(said, status):
    """The restored database has lost the refill, and somebody asked for one anew."""
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    order = make_order(Status.COMPLETED, service=make_service(account))
    make_refill(order=order)
    asked = list[str]()

    class Answering(Panel):
        def refill(self, order_ids: Sequence[str], **how: Any) -> dict[str, Any]:
            asked.extend(order_ids)
            if isinstance(said, Exception):
                raise said
            return dict.fromkeys(order_ids, said)

    runs.send_requests(account, Answering(), clock=lambda: NOON, seconds=0)
    assert asked == [order.external_id]
    Refill.objects.all().delete()
    RequestCall.objects.all().delete()
    later = NOON + timedelta(minutes=5)
    make_refill(order=order, requested_at=later, due_at=later)
    guard.check_database(now=later)
    assert Refill.objects.get().status == status
    assert order.events.filter(text__contains="This machine had sent it").exists()


@pytest.mark.parametrize(
    ("provider", "status"),
    [(Panel, RefillStatus.PENDING), (Silent, RefillStatus.UNCONFIRMED)],
    ids=["answered", "its answer lost"],
)
def test_a_refill_claimed_while_its_database_is_accepted_is_not_sent_beside_another(
    provider, status
):
    """This machine was off while the database was looked into and accepted. What finds that out is
    the claim of a refill that somebody asked for since: it is in a worker's hands, and a look that
    takes the database as it is would be the last."""
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    order = make_order(Status.COMPLETED, service=make_service(account))
    make_refill(order=order)
    panel = provider()
    runs.send_requests(account, panel, clock=lambda: NOON, seconds=0)
    Refill.objects.all().delete()
    RequestCall.objects.all().delete()
    guard.quarantine("The database was put back.", now=NOON)
    later = NOON + timedelta(minutes=5)
    acknowledge(later)
    after = later + timedelta(minutes=1)
    make_refill(order=order, requested_at=after, due_at=after)
    for now in (after, after + timedelta(minutes=1)):
        runs.send_requests(account, panel, clock=partial(lambda moment: moment, now), seconds=0)
        guard.check_database(now=now)
    assert panel.done == [order.external_id], "it was asked for twice"
    assert Refill.objects.get().status == status
    assert guard.check_database(now=now), "and the database is accepted"


@pytest.mark.parametrize("anew", [False, True], ids=["taken back", "and asked for anew"])
def test_a_refill_that_was_taken_back_since_is_given_back_its_send(anew):
    """The restored database shows as queued what was sent, and staff take it back there."""
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    order = make_order(Status.COMPLETED, service=make_service(account))
    refill = make_refill(order=order)
    panel = Panel()
    runs.send_requests(account, panel, clock=lambda: NOON, seconds=0)
    Refill.objects.update(status="queued", requests=0, sent_at=None, call=None, external_id="")
    RequestCall.objects.all().delete()
    later = NOON + timedelta(minutes=5)
    assert request_refills.withdraw_refill(Refill.objects.get(), actor=None, now=later)
    if anew:
        refill = make_refill(order=order, requested_at=later, due_at=later)
    guard.check_database(now=later)
    refill.refresh_from_db()
    assert (refill.status, refill.ended_at) == (RefillStatus.PENDING, None)
    Halt.objects.update(lifted_at=later)
    runs.send_requests(account, panel, clock=lambda: later, seconds=0)
    assert panel.done == [order.external_id], "it was asked for twice"


def test_a_refill_that_was_not_begun_and_taken_back_since_stays_taken_back():
    """The provider had said *not yet*: brought back, it would be asked for again by itself."""
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    order = make_order(Status.COMPLETED, service=make_service(account))
    refill = make_refill(order=order)

    class NotYet(Panel):
        def refill(self, order_ids: Sequence[str], **how: Any) -> dict[str, Any]:
            return dict.fromkeys(order_ids, Refused("Not yet", RefusalCode.WAIT))

    runs.send_requests(account, NotYet(), clock=lambda: NOON, seconds=0)
    Refill.objects.update(status="queued", requests=0, sent_at=None, call=None, due_at=NOON)
    RequestCall.objects.all().delete()
    later = NOON + timedelta(minutes=5)
    assert request_refills.withdraw_refill(Refill.objects.get(), actor=None, now=later)
    guard.check_database(now=later)
    refill.refresh_from_db()
    assert refill.status == RefillStatus.WITHDRAWN


@pytest.mark.parametrize(
    "step",
    [(RequestCall.objects, "create"), (recalled_requests, "_take_refill")],
    ids=["its own row", "its refill"],
)
def test_a_database_is_not_accepted_while_one_call_cannot_be_brought_in(step, monkeypatch):
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    service = make_service(account)
    rows = [make_refill(order=make_order(Status.COMPLETED, service=service)) for _ in range(2)]
    panel = Panel()
    fresh = Provider.objects.get(pk=account.pk)
    runs.send_requests(fresh, panel, clock=lambda: NOON, seconds=0)
    Refill.objects.update(status="queued", requests=0, sent_at=None, call=None, external_id="")
    RequestCall.objects.all().delete()

    def broken(*args: object, **how: object) -> None:
        raise IntegrityError("CHECK constraint failed: of_no_matter")

    with monkeypatch.context() as for_now:
        for_now.setattr(*step, broken)
        identity = guard.database_identity()
        with pytest.raises(NotRecalled):
            recall_all.accept_database(identity, [account.pk], now=NOON)
        assert guard.why_doubted(guard.high_water_marks(account.pk), identity)
    assert recalled_requests.recall_calls(account.pk, now=NOON) == len(rows)


def recalled(monkeypatch, order, *, write: Write, outcome=None) -> int:
    """One call of this machine about this order, as nobody here had asked for it."""
    name = Named(order.form_key, NOON - timedelta(days=1), order.external_id)
    call = request_journal.JournaledCall(f"{1:032x}", write, NOON, [name], outcome)
    monkeypatch.setattr(request_journal, "calls_kept", lambda pk: [call])
    return recalled_requests.recall_calls(order.provider_id, now=NOON)


def told(order) -> list[str]:
    return [event.text for event in order.events.all() if event.text == forgotten_sends.WORDS]


def test_a_call_by_which_nothing_was_done_is_not_brought_back(monkeypatch):
    order = make_order(Status.COMPLETED)
    later = Later("Too many requests", NOON)
    assert recalled(monkeypatch, order, write=Write.REFILL, outcome=later) == 0
    assert not RequestCall.objects.exists() and not told(order)


def test_a_refill_that_somebody_asked_for_since_stands_for_the_one_that_is_lost(monkeypatch):
    refill = make_refill(RefillStatus.PENDING)
    assert recalled(monkeypatch, refill.order, write=Write.REFILL) == 1
    assert Refill.objects.get().status == RefillStatus.PENDING
    assert len(told(refill.order)) == 1
    assert RequestCall.objects.get().recalled_at == NOON, "it is none that the database has itself"


def test_a_refill_that_the_provider_has_already_needs_nothing(monkeypatch):
    refill = make_refill(RefillStatus.PENDING, requested_at=NOON - timedelta(days=1))
    assert recalled(monkeypatch, refill.order, write=Write.REFILL) == 0
    assert not told(refill.order)


def test_a_cancel_without_a_row_is_told_and_its_order_looked_at(monkeypatch):
    order = make_order(Status.IN_PROGRESS)
    PollSchedule.objects.update(next_at=NOON + timedelta(hours=1))
    assert recalled(monkeypatch, order, write=Write.CANCEL) == 1
    assert not CancelRequest.objects.exists()
    assert len(told(order)) == 1
    assert PollSchedule.objects.get().next_at == NOON


def test_what_the_provider_said_to_a_cancel_without_a_row_is_told_once(monkeypatch):
    """Its answer is on disk, and what takes it in from there comes after the call was recalled."""
    order = make_order(Status.IN_PROGRESS)
    outcome = Answered({order.external_id: CancelAccepted("c9")})
    assert recalled(monkeypatch, order, write=Write.CANCEL, outcome=outcome) == 1
    said = {"call": f"{1:032x}", "outcome": outcome_to_json(outcome)}
    assert recalled_requests.take_in_kept(said, now=NOON)
    texts = [event.text for event in order.events.order_by("pk")]
    assert sum("The provider took the request to cancel" in text for text in texts) == 1
    assert len(told(order)) == 1


@pytest.mark.parametrize("ahead", [timedelta(days=-2), timedelta(hours=1)])
def test_cancels_of_many_under_way_leave_out_what_the_journal_knows_as_sent(monkeypatch, ahead):
    """By this very action, whose database was put back to before that, whatever its clock said; one
    begun since asks."""
    order = make_order(Status.IN_PROGRESS, service=make_service(cancel=True))
    job = begin_again([order], NOON + ahead, JobKind.CANCEL)
    outcome = Answered({order.external_id: CancelAccepted("c9")})
    assert recalled(monkeypatch, order, write=Write.CANCEL, outcome=outcome) == 1
    run_job(job, NOON + timedelta(minutes=5))
    assert not CancelRequest.objects.exists()
    assert job.items.get().words == CANCELED_SINCE
    since = begin_again([order], NOON + timedelta(minutes=6), JobKind.CANCEL)
    heard = {"shown_cancels": shown_history.of_cancels([Order.objects.all()])}
    BulkJob.objects.filter(pk=since.pk).update(terms=heard)
    run_job(since, NOON + timedelta(minutes=7))
    assert CancelRequest.objects.get().order == order


def test_a_cancel_asked_for_before_an_earlier_one_was_found_to_be_sent_is_not_sent_beside_it(
    monkeypatch,
):
    """As by an action under way that took its turn before the journal was read. What staff ask for
    once they know is sent."""
    order = make_order(Status.IN_PROGRESS, service=make_service(cancel=True))
    job = begin_again([order], NOON - timedelta(days=2), JobKind.CANCEL)
    run_job(job, NOON)
    assert CancelRequest.objects.get().status == CancelStatus.QUEUED
    assert recalled(monkeypatch, order, write=Write.CANCEL) == 1
    request = CancelRequest.objects.get()
    assert (request.status, request.code, request.requests) == (CancelStatus.REFUSED, UNCLEAR, 0)
    assert not CancelRequest.objects.due_to_send(NOON + timedelta(days=1)).exists()
    assert request_cancel(order, actor=None, now=NOON + timedelta(minutes=1)) == ""


def test_an_answer_to_a_call_of_another_life_is_not_taken_in():
    said = {"call": f"{1:032x}", "outcome": {"is": "answered", "rows": {}}}
    assert not recalled_requests.take_in_kept(said, now=NOON)
