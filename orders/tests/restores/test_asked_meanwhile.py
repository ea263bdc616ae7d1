"""A cancel is asked for while the journal of this machine tells that one was sent, or a refill
while the late answer to one is taken in: the transaction that asks waits for the one that brings it
in, and then knows of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from core.roles import Role
from orders.models import BulkJob, CancelRequest, EventKind, Order, Refill, RequestCall
from orders.sending.restore_check import recalled_requests, request_journal
from orders.sending.restore_check.request_journal import JournaledCall, Named
from orders.shown import newest_line, of_newest_cancel, of_newest_refill
from orders.status import JobKind, Status, Write
from orders.tests.aftersales.test_old_buttons import closed_in_doubt, late_answer
from tests.builders import NOON, make_order, make_service

from .test_many_over_a_gap import begin_again, run_job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def in_the_middle_of_a_recall(
    order: Order, ask: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is written and nothing committed as somebody begins to ask, and ends if nothing holds
    them."""
    name = Named(order.form_key, NOON - timedelta(days=1), order.external_id)
    call = JournaledCall(uuid4().hex, Write.CANCEL, NOON, [name])
    monkeypatch.setattr(request_journal, "calls_kept", lambda pk: [call])
    with asking_meanwhile(ask) as begin:
        monkeypatch.setattr(
            recalled_requests,
            "failpoint",
            lambda place: begin() if place == "recall.recorded" else None,
        )
        assert recalled_requests.recall_calls(order.provider_id, now=NOON) == 1


def in_the_middle_of_a_late_answer(
    refill: Refill, call: RequestCall, ask: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = recalled_requests._record
    with asking_meanwhile(ask) as begin:

        def recorded(*of: Any) -> None:
            record(*of)
            begin()

        monkeypatch.setattr(recalled_requests, "_record", recorded)
        late_answer(refill, call)


@contextmanager
def asking_meanwhile(ask: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """What begins to ask in a thread of its own."""
    asked = threading.Event()
    broken = list[Exception]()

    def other() -> None:
        try:
            ask()
        except Exception as error:
            broken.append(error)
        finally:
            asked.set()
            connection.close()

    thread = threading.Thread(target=other)

    def begin() -> None:
        thread.start()
        asked.wait(2)

    yield begin
    thread.join(60)
    assert not broken, broken


def test_a_click_meanwhile_is_told_of_the_one_that_was_sent(
    client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order(Status.IN_PROGRESS, service=make_service(cancel=True))
    client, drawn = client_for_role(Role.OPERATOR), {"shown": of_newest_cancel(order)}
    assert client.post(f"/orders/{order.pk}/cancel/", {}).status_code == 302  # the next is quick

    def click() -> None:
        client.post(f"/orders/{order.pk}/cancel/", drawn)

    in_the_middle_of_a_recall(order, click, monkeypatch)
    assert not CancelRequest.objects.exists(), "it is sent beside"


def test_cancels_of_many_meanwhile_leave_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    order = make_order(Status.IN_PROGRESS, service=make_service(cancel=True))
    job: BulkJob = begin_again([order], NOON, JobKind.CANCEL)
    later: Any = NOON + timedelta(minutes=1)
    in_the_middle_of_a_recall(order, lambda: run_job(job, later), monkeypatch)
    assert not CancelRequest.objects.exists(), "it is sent beside"
    assert job.items.get().ok is False


def test_a_click_for_a_refill_meanwhile_is_told_of_the_late_answer(
    client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    refill, call = closed_in_doubt()
    client, drawn = client_for_role(Role.OPERATOR), {"shown": of_newest_refill(refill.order)}
    assert client.post(f"/orders/{refill.order_id}/refill/", {}).status_code == 302

    def click() -> None:
        client.post(f"/orders/{refill.order_id}/refill/", drawn)

    in_the_middle_of_a_late_answer(refill, call, click, monkeypatch)
    assert Refill.objects.count() == 1, "it is sent beside"


def test_refills_of_many_meanwhile_leave_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    refill, call = closed_in_doubt()
    job: BulkJob = begin_again([refill.order], NOON, JobKind.REFILL)
    line = newest_line(refill.order_id, EventKind.REFILL)
    BulkJob.objects.filter(pk=job.pk).update(terms={"shown_refill_lines": f"{line}"})
    later: Any = NOON + timedelta(minutes=1)
    in_the_middle_of_a_late_answer(refill, call, lambda: run_job(job, later), monkeypatch)
    assert Refill.objects.count() == 1, "it is sent beside"
    assert job.items.get().ok is False
