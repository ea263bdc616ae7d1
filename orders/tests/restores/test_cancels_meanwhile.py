"""A cancel is asked for while an earlier one, or a gap of the journal, is being found: two
transactions of which neither sees the other. With real threads on a real database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from operator import attrgetter
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from orders.aftersales import request_cancels
from orders.bulk import bulk_action
from orders.bulk.apply_step import CANCELED_SINCE
from orders.limits import doubtful_rows
from orders.models import BulkJob, CancelRequest, EventKind, JournalGap, Order, PollSchedule
from orders.polling import poll_batch, poll_schedule
from orders.polling.write_answers import Writes
from orders.sending import halts
from orders.sending.restore_check import (
    journal_gaps,
    recalled_cancels,
    recalled_requests,
    request_journal,
)
from orders.sending.restore_check.forgotten_sends import WORDS
from orders.sending.restore_check.journal_gaps import Between
from orders.sending.restore_check.request_journal import JournaledCall, Named
from orders.status import CancelStatus, HaltKind, JobKind, Status, Write
from providers.models import Provider
from providers.panel_api import OrderState, Progress, Unreadable
from tests.builders import NOON, make_order, make_service
from tests.fake_provider import progress

from .test_many_over_a_gap import begin_again, run_job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
LATER = NOON + timedelta(minutes=5)
PATIENCE = 3  # of one that holds the other up, which a guard may have wait for it


def at_once(*machines: Callable[[], object]) -> None:
    broken = list[Exception]()

    def run(machine: Callable[[], object]) -> None:
        try:
            machine()
        except Exception as error:
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[machine]) for machine in machines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not broken, broken


def before_it_is_committed(first: Callable[[], object], then: Callable[[], object]) -> None:
    """`then` begins when all of `first` is written and not yet seen by anybody."""
    is_written, is_done = threading.Event(), threading.Event()

    def one() -> None:
        try:
            with transaction.atomic():
                first()
                is_written.set()
                is_done.wait(PATIENCE)
        finally:
            is_written.set()

    def other() -> None:
        is_written.wait(20)
        try:
            then()
        finally:
            is_done.set()

    at_once(one, other)


@pytest.fixture
def order() -> Order:
    return make_order(Status.IN_PROGRESS, service=make_service(cancel=True))


@pytest.fixture
def job(order: Order) -> BulkJob:
    return begin_again([order], NOON - timedelta(days=2), JobKind.CANCEL)


@pytest.fixture
def ask(request: Any, order: Order, job: BulkJob) -> Callable[[], None]:
    def by_staff() -> None:
        assert request_cancels.request_cancel(order, actor=None, now=NOON) == ""

    return by_staff if request.param == "staff" else lambda: run_job(job, NOON)


def journaled(*orders: Order) -> JournaledCall:
    """A cancel of these had been sent, and the database knows nothing of it."""
    asked_at = NOON - timedelta(days=1)
    named = [Named(order.form_key, asked_at, order.external_id) for order in orders]
    return JournaledCall(uuid4().hex, Write.CANCEL, NOON, named)


@pytest.fixture
def recall(order: Order, monkeypatch) -> Callable[[], int]:
    call = journaled(order)
    monkeypatch.setattr(request_journal, "calls_kept", lambda account: [call])
    return lambda: recalled_requests.recall_calls(order.provider_id, now=NOON)


def is_sent_later() -> bool:
    return CancelRequest.objects.due_to_send(LATER + timedelta(days=1)).exists()


@pytest.mark.parametrize("ask", ["staff", "many"], indirect=True)
def test_one_that_is_written_while_the_journal_is_read_is_not_sent_beside(ask, recall):
    before_it_is_committed(ask, recall)
    assert CancelRequest.objects.get().status == CancelStatus.REFUSED
    assert not is_sent_later()


def test_many_wait_for_a_journal_that_is_being_read_before_they_ask_what_was_sent(
    job, recall, monkeypatch
):
    is_told, is_done, give_up = (
        threading.Event(),
        threading.Event(),
        recalled_requests._give_up_cancels,
    )

    def told(*args: Any) -> None:
        is_told.set()
        is_done.wait(PATIENCE)
        give_up(*args)

    monkeypatch.setattr(recalled_requests, "_give_up_cancels", told)

    def many() -> None:
        is_told.wait(20)
        run_job(job, LATER)
        is_done.set()

    at_once(recall, many)
    assert not CancelRequest.objects.exists()
    assert job.items.get().words == CANCELED_SINCE


@pytest.fixture
def note_gap(order: Order, monkeypatch) -> Callable[[], object]:
    halts.place_halt(HaltKind.RESTORED, now=NOON)
    between = Between(None, NOON - timedelta(days=3))
    monkeypatch.setattr(journal_gaps, "_gap", lambda journal, account: between)
    return lambda: journal_gaps.note_gap(order.provider_id, now=NOON)


@pytest.mark.parametrize("ask", ["staff", "many"], indirect=True)
def test_one_that_is_written_while_a_gap_is_noted_is_given_up_with_those_before_it(
    ask, note_gap, order
):
    before_it_is_committed(ask, note_gap)
    assert JournalGap.objects.get().cancels_through == CancelRequest.objects.get().pk
    doubtful_rows.give_up_requests(order.provider_id, now=LATER)
    assert not is_sent_later()


def test_many_that_had_looked_for_a_gap_look_again_once_nobody_can_note_one(
    job, note_gap, monkeypatch
):
    is_asked, is_noted, real = threading.Event(), threading.Event(), bulk_action.may_be_bought
    asked = list[bool]()

    def may_be_bought(one: BulkJob) -> bool:
        asked.append(real(one))
        if len(asked) == 2:  # in the transaction of the item
            is_asked.set()
            is_noted.wait(PATIENCE)
        return asked[-1]

    monkeypatch.setattr(bulk_action, "may_be_bought", may_be_bought)

    def note() -> None:
        is_asked.wait(20)
        note_gap()
        is_noted.set()

    at_once(lambda: run_job(job, LATER), note)
    doubtful_rows.give_up_requests(job.items.get().order.provider_id, now=LATER)
    assert JournalGap.objects.exists()
    assert not is_sent_later()


def poll(account: Provider) -> None:
    """Their answers are written down, the same for each."""
    due = poll_schedule.due_batch(account, NOON + timedelta(minutes=1), most=10)
    said = progress(OrderState.IN_PROGRESS, raw="In progress", remains=5)
    answers: dict[str, Progress | Unreadable] = {one.external_id: said for one in due}
    poll_batch.record_answers(due, answers, now=NOON - timedelta(hours=1))


def test_a_cancel_is_brought_in_while_the_answer_about_its_order_is_written(
    order, recall, monkeypatch
):
    """Whoever writes answers holds the order and then its schedule: the other way round each of the
    two would wait for what the other has."""
    PollSchedule.objects.update(next_at=NOON, changed_at=NOON)
    has_schedule, has_order = threading.Event(), threading.Event()
    soon, since = poll_schedule.poll_soon, Writes._asked_since

    def poll_soon(*args: Any) -> None:
        soon(*args)
        has_schedule.set()
        has_order.wait(PATIENCE)

    def asked_since(self: Writes) -> set[int]:
        has_order.set()
        return since(self)

    monkeypatch.setattr(recalled_cancels, "poll_soon", poll_soon)
    monkeypatch.setattr(Writes, "_asked_since", asked_since)

    def answer() -> None:
        has_schedule.wait(20)
        poll(order.provider)

    at_once(recall, answer)
    assert has_schedule.is_set() and has_order.is_set(), "both have met"
    assert order.events.filter(kind=EventKind.CANCEL, text=WORDS).count() == 1


def test_cancels_of_one_call_are_brought_in_while_answers_about_their_orders_are_written(
    order, monkeypatch
):
    """The call names them in another order than that of their keys. Answers that bring nothing new
    hold the schedules alone."""
    others = [make_order(Status.IN_PROGRESS, service=order.service) for _ in range(2)]
    poll(order.provider)
    PollSchedule.objects.update(next_at=NOON, changed_at=NOON)
    call = journaled(*sorted([order, *others], key=attrgetter("pk"), reverse=True))
    monkeypatch.setattr(request_journal, "calls_kept", lambda account: [call])
    has_last, soon = threading.Event(), poll_schedule.poll_soon

    def poll_soon(*args: Any) -> None:
        soon(*args)
        if not has_last.is_set():
            has_last.set()
            time.sleep(1)  # the other has what it can get

    monkeypatch.setattr(recalled_cancels, "poll_soon", poll_soon)

    def answer() -> None:
        has_last.wait(20)
        poll(order.provider)

    at_once(lambda: recalled_requests.recall_calls(order.provider_id, now=NOON), answer)
    for one in (order, *others):
        assert one.events.filter(kind=EventKind.CANCEL, text=WORDS).count() == 1
