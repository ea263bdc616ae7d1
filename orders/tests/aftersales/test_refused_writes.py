"""What one call said of many refills or cancels: a row that the database refuses keeps no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from orders.aftersales import cancel_sends, poll_refills, refill_sends, runs
from orders.aftersales.batch_outcome import Answered, AnyOutcome, Later, RowOutcome
from orders.models import (
    CancelRequest,
    EventKind,
    Order,
    OrderEvent,
    PollSchedule,
    Refill,
    RequestCall,
)
from orders.oldest_work import Late
from orders.status import UNCLEAR, CancelStatus, RefillStatus, Status, Write
from orders.watchdog.overdue import standstills
from providers.panel_api import (
    CancelAccepted,
    RefillProgress,
    RefillStarted,
    RefillState,
    Unreadable,
)
from tests.builders import NOON, make_cancel, make_order, make_provider, make_refill, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATE = NOON + timedelta(minutes=5)
Call = tuple[list[CancelRequest], Answered[Any]]
NO_NUMBER = RowOutcome(CancelStatus.ACCEPTED, "Taken.", {"requests": None})


def refusing(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
    is_poison: Callable[..., bool],
    result: object,
) -> None:
    """Let a function give what no database takes, where `is_poison` of its arguments."""
    real = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args: result if is_poison(*args) else real(*args))


def test_a_refill_whose_answer_cannot_be_written_keeps_no_other_of_its_batch_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = make_provider()
    service = make_service(account)
    refills = [
        make_refill(RefillStatus.PENDING, order=make_order(Status.COMPLETED, service=service))
        for _ in range(5)
    ]
    poison = refills[2].pk
    refused = {"code": None}, "It has gone on."
    refusing(
        monkeypatch, poll_refills, "_progress", lambda refill, *_: refill.pk == poison, refused
    )
    done = RefillProgress(RefillState.COMPLETED, "Completed")
    answers: dict[str, RefillProgress | Unreadable] = {one.followed_by: done for one in refills}
    poll_refills.record(refills, answers, now=LATE)
    left = Refill.objects.exclude(status=RefillStatus.COMPLETED).get()
    assert (left.pk, left.status, left.due_at > LATE) == (poison, RefillStatus.PENDING, True)
    assert left.failures > 0
    told = OrderEvent.objects.filter(kind=EventKind.REFILL).values_list("order", flat=True)
    assert set(told) == {one.order_id for one in refills} - {left.order_id}


@pytest.fixture
def answered() -> Call:
    """A call about four cancels that the provider took, not yet written down."""
    account = make_provider()
    service = make_service(account)
    call = RequestCall.objects.create(provider=account, write=Write.CANCEL, started_at=NOON)
    sent = {"requests": 1, "call": call, "sent_at": NOON, "due_at": LATE}
    for _ in range(4):
        order = make_order(Status.IN_PROGRESS, service=service)
        make_cancel(CancelStatus.SENDING, order=order, **sent)
    cancels = list(CancelRequest.objects.select_related("order").order_by("pk"))
    return cancels, Answered({one.order.external_id: CancelAccepted("c") for one in cancels})


def test_a_cancel_whose_answer_cannot_be_written_keeps_no_other_of_its_call(
    answered: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cancels, outcome = answered
    poison = cancels[1].pk
    refusing(
        monkeypatch,
        cancel_sends,
        "_row_outcome",
        lambda one, said, _: one.pk == poison and said is outcome,
        NO_NUMBER,
    )
    cancel_sends.record(cancels, outcome, cancels[0].provider, LATE)
    left = CancelRequest.objects.exclude(status=CancelStatus.ACCEPTED).get()
    assert (left.pk, left.status, left.code) == (poison, CancelStatus.QUEUED, UNCLEAR)
    assert "CancelAccepted(request_id='c')" in caplog.text
    assert OrderEvent.objects.filter(kind=EventKind.CANCEL).count() == 4


def test_a_cancel_of_which_nothing_can_be_written_keeps_no_other_of_its_call(
    answered: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancels, outcome = answered
    poison = cancels[1].pk
    refusing(monkeypatch, cancel_sends, "_row_outcome", lambda one, *_: one.pk == poison, NO_NUMBER)
    cancel_sends.record(cancels, outcome, cancels[0].provider, LATE)
    left = CancelRequest.objects.exclude(status=CancelStatus.ACCEPTED).get()
    assert (left.pk, left.status) == (poison, CancelStatus.SENDING), "the reaper's, in its time"
    assert OrderEvent.objects.filter(kind=EventKind.CANCEL).count() == 3


def test_a_refill_whose_start_cannot_be_written_keeps_no_other_of_its_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    account = make_provider()
    service = make_service(account)
    call = RequestCall.objects.create(provider=account, write=Write.REFILL, started_at=NOON)
    refills = [
        make_refill(
            RefillStatus.SENDING,
            order=make_order(Status.COMPLETED, service=service),
            requests=1,
            call=call,
            sent_at=NOON,
        )
        for _ in range(4)
    ]
    outcome: Answered[Any] = Answered(
        {one.order.external_id: RefillStarted(f"7{place}") for place, one in enumerate(refills)}
    )
    poison = refills[1].pk
    refused = RowOutcome(RefillStatus.PENDING, "Taken.", {"requests": None})

    def is_start_of_poison(one: Refill, said: AnyOutcome, *_: object) -> bool:
        return one.pk == poison and isinstance(said, Answered)

    refusing(monkeypatch, refill_sends, "_row_outcome", is_start_of_poison, refused)
    refill_sends.record(refills, outcome, account, LATE)
    begun = Refill.objects.exclude(pk=poison).order_by("pk")
    assert [one.external_id for one in begun] == ["70", "72", "73"]
    left = Refill.objects.get(pk=poison)
    assert (left.status, left.code) == (RefillStatus.UNCONFIRMED, "")
    assert "RefillStarted(refill_id='71'" in caplog.text
    assert OrderEvent.objects.filter(kind=EventKind.REFILL).count() == 4


@pytest.mark.parametrize("is_all", [False, True], ids=["its words", "all of it"])
def test_a_cancel_that_was_not_sent_is_no_doubt_where_that_cannot_be_written(
    answered: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, is_all: bool
) -> None:
    cancels, _ = answered
    poison, outcome = cancels[1].pk, Later("No route.", LATE)
    refusing(
        monkeypatch,
        cancel_sends,
        "_row_outcome",
        lambda one, said, _: one.pk == poison and (is_all or said is outcome),
        NO_NUMBER,
    )
    cancel_sends.record(cancels, outcome, cancels[0].provider, LATE)
    left, others = CancelRequest.objects.get(pk=poison), CancelRequest.objects.exclude(pk=poison)
    assert set(others.values_list("status", "requests", "code")) == {("queued", 0, "")}
    status = CancelStatus.SENDING if is_all else CancelStatus.QUEUED  # the reaper's, in its time
    assert (left.status, left.requests, left.code) == (status, int(is_all), "")
    assert is_all or "was not sent" in left.reason
    assert "No route." in caplog.text


@pytest.mark.parametrize("is_all", [False, True], ids=["its words", "all of it"])
def test_a_refill_that_was_not_sent_is_no_doubt_where_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, is_all: bool
) -> None:
    refills = [make_refill(RefillStatus.SENDING, requests=1, sent_at=NOON) for _ in range(3)]
    poison, outcome = refills[1].pk, Later("No route.", LATE)
    refusing(
        monkeypatch,
        refill_sends,
        "_row_outcome",
        lambda one, said, *_: one.pk == poison and (is_all or said is outcome),
        RowOutcome(RefillStatus.QUEUED, "Later.", {"requests": None}),
    )
    refill_sends.record(refills, outcome, refills[0].provider, LATE)
    left, others = Refill.objects.get(pk=poison), Refill.objects.exclude(pk=poison)
    assert set(others.values_list("status", "requests")) == {("queued", 0)}
    status = RefillStatus.SENDING if is_all else RefillStatus.QUEUED
    assert (left.status, left.requests, left.doubted_at) == (status, int(is_all), None)
    assert is_all or "was not sent" in left.reason


@pytest.mark.parametrize("error", [ProgrammingError("no such column"), TypeError("of our own")])
def test_what_no_answer_can_be_written_for_is_no_fault_of_a_row(
    answered: Call, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The file keeps the answer until it can be, as of a schema on its way to another release."""
    cancels, outcome = answered

    def broken(*_: object, **__: object) -> bool:
        raise error

    monkeypatch.setattr(cancel_sends, "write", broken)
    with pytest.raises(type(error)):
        cancel_sends.record(cancels, outcome, cancels[0].provider, LATE)
    refills = [make_refill(RefillStatus.SENDING, requests=1) for _ in range(2)]
    monkeypatch.setattr(refill_sends, "write", broken)
    begun: Answered[Any] = Answered({one.order.external_id: RefillStarted("7") for one in refills})
    with pytest.raises(type(error)):
        refill_sends.record(refills, begun, refills[0].provider, LATE)
    assert set(Refill.objects.values_list("status", flat=True)) == {"sending"}


def test_a_schema_that_lacks_what_one_row_alone_needs_leaves_the_answer_to_its_file(
    answered: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancels, outcome = answered
    real = cancel_sends.write

    def one_needs_it(one: CancelRequest, row_outcome: RowOutcome, *, now: datetime) -> bool:
        if one.pk == cancels[1].pk and row_outcome.proven:
            raise ProgrammingError("no such column")
        return real(one, row_outcome, now=now)

    monkeypatch.setattr(cancel_sends, "write", one_needs_it)
    with pytest.raises(ProgrammingError), transaction.atomic():
        cancel_sends.record(cancels, outcome, cancels[0].provider, LATE)
    assert set(CancelRequest.objects.values_list("status", flat=True)) == {"sending"}


def telling_breaks(monkeypatch: pytest.MonkeyPatch, *poison: Order) -> None:
    """The database refuses what is written into the history of these orders."""
    real = Order.remember

    def remember(order: Order, *args: Any, **named: Any) -> OrderEvent:
        if order in poison:
            Refill.objects.create(order=order)  # without what each has to have
        return real(order, *args, **named)

    monkeypatch.setattr(Order, "remember", remember)


def test_a_late_answer_that_cannot_be_told_keeps_no_other_of_its_call(
    answered: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Two of the cancels have come into the hands of another call, which was given up."""
    cancels, outcome = answered
    taken = cancels[2:]
    other = RequestCall.objects.create(
        provider=cancels[0].provider, write=Write.CANCEL, started_at=NOON
    )
    CancelRequest.objects.filter(pk__in=[one.pk for one in taken]).update(
        call=other, status=CancelStatus.REFUSED, code=UNCLEAR, ended_at=NOON
    )
    telling_breaks(monkeypatch, taken[0].order)
    cancel_sends.record(cancels, outcome, cancels[0].provider, LATE)
    left = CancelRequest.objects.exclude(status=CancelStatus.ACCEPTED).get()
    assert (left.pk, left.status, left.code) == (taken[0].pk, CancelStatus.REFUSED, UNCLEAR)
    assert "CancelAccepted(request_id='c')" in caplog.text
    asked = PollSchedule.objects.filter(next_at__lte=LATE).values_list("order", flat=True)
    assert {one.order_id for one in taken} <= set(asked), "its status says what became of it"


def test_where_no_late_answer_can_be_told_the_others_of_its_call_have_theirs(
    answered: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cancels, outcome = answered
    given_up, account = cancels[2:], cancels[0].provider
    other = RequestCall.objects.create(provider=account, write=Write.CANCEL, started_at=NOON)
    CancelRequest.objects.filter(pk__in=[one.pk for one in given_up]).update(
        call=other, status=CancelStatus.REFUSED, code=UNCLEAR, ended_at=NOON
    )
    telling_breaks(monkeypatch, *(one.order for one in given_up))
    cancel_sends.record(cancels, outcome, account, LATE)
    taken = CancelRequest.objects.filter(status=CancelStatus.ACCEPTED).order_by("pk")
    assert list(taken) == cancels[:2]
    assert caplog.text.count("no history tells what was said of") == len(given_up) > 1
    CancelRequest.objects.update(call=other)  # nothing is this call's: its file keeps its answer
    telling_breaks(monkeypatch, *(one.order for one in cancels))
    with pytest.raises(IntegrityError), transaction.atomic():
        cancel_sends.record(given_up, outcome, account, LATE)


@pytest.mark.parametrize(
    ("make", "late"),
    [(make_refill, Late.REFILL_SENDING), (make_cancel, Late.CANCEL_SENDING)],
)
def test_the_watchdog_tells_of_one_whose_history_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, make: Callable[..., Any], late: Late
) -> None:
    """It stays in the hands of a worker that is gone; else the log alone would know."""
    one = make(status="sending", requests=1, sent_at=NOON, due_at=NOON)
    telling_breaks(monkeypatch, one.order)
    runs.reap_lost_requests(now=NOON + timedelta(hours=1))
    one.refresh_from_db()
    assert one.status == "sending"
    found = [(one.late, one.order_id) for one in standstills(NOON + timedelta(hours=1))]
    assert (late, one.order_id) in found
