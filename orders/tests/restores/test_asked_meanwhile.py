"""A cancel is asked for while the journal of this machine tells that one was sent: the transaction
that asks waits for the one that brings it in, and then knows of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from core.roles import Role
from orders.models import BulkJob, CancelRequest, Order
from orders.sending.restore_check import recalled_requests, request_journal
from orders.sending.restore_check.request_journal import JournaledCall, Named
from orders.shown import of_newest_cancel
from orders.status import JobKind, Status, Write
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

    def pause(place: str) -> None:
        if place == "recall.recorded":
            thread.start()
            asked.wait(2)

    monkeypatch.setattr(recalled_requests, "failpoint", pause)
    assert recalled_requests.recall_calls(order.provider_id, now=NOON) == 1
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
