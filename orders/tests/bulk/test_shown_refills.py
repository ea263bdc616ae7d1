"""Refill of many from a page of an hour ago: another one is asked for only after those it knew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from core.roles import Role
from orders.aftersales.request_refills import request_refill, withdraw_refill
from orders.bulk import tasks as bulk_tasks
from orders.bulk.apply_step import REFILLED_SINCE
from orders.bulk.outlook import REFILL_UNDER_WAY
from orders.models import BulkJob, EventKind, Order, Refill
from orders.sending.restore_check import recalled_requests, request_journal
from orders.sending.restore_check.request_journal import JournaledCall, Named
from orders.shown import CHANGED
from orders.status import JobKind, RefillStatus, Status, Write
from orders.tests.aftersales.test_old_buttons import closed_in_doubt, late_answer
from orders.tests.restores.test_drawn_before import hidden_in
from orders.tests.restores.test_many_over_a_gap import begin_again, run_job
from tests.builders import NOON, make_order

pytestmark = [pytest.mark.django_db, pytest.mark.services]
URL = "/orders/bulk/?kind=refill&scope=all"


@pytest.fixture
def staff(client_for_role: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(bulk_tasks, "ring_job", lambda pk: None)
    client: Client = client_for_role(Role.OPERATOR)
    return client


def drawn(staff: Client) -> dict[str, str]:
    """What the form of the confirmation carries."""
    return hidden_in(staff.get(URL).content.decode())


def confirmed(staff: Client, fields: dict[str, str]) -> list[str]:
    """What came of each order: nothing, or the words why not."""
    assert staff.post(URL, fields).status_code == 302
    job = BulkJob.objects.latest("pk")
    bulk_tasks.run_job(job_id=job.pk)
    return list(job.items.order_by("order").values_list("words", flat=True))


def ask(order: Order) -> Refill:
    assert request_refill(order, actor=None, now=NOON) == ""
    return Refill.objects.latest("pk")


def ask_and_take_back(order: Order) -> Refill:
    refill = ask(order)
    assert withdraw_refill(refill, actor=None, now=NOON)
    return refill


def sent_after_all(refill: Refill, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal of a machine tells so, and a person closes it: its row is the one it was."""
    name = Named(refill.order.form_key, refill.requested_at, refill.order.external_id)
    call = JournaledCall(uuid4().hex, Write.REFILL, NOON, [name])
    monkeypatch.setattr(request_journal, "calls_kept", lambda pk: [call])
    assert recalled_requests.recall_calls(refill.order.provider_id, now=NOON) == 1
    refill.refresh_from_db()
    assert (refill.status, refill.requests) == (RefillStatus.UNCONFIRMED, 1)
    assert withdraw_refill(refill, actor=None, now=NOON)


@pytest.mark.parametrize("end", [RefillStatus.COMPLETED, RefillStatus.REJECTED])
def test_two_tabs_ask_for_one_refill_although_the_first_has_ended(
    staff: Client, end: RefillStatus
) -> None:
    make_order(Status.COMPLETED)
    one, two = drawn(staff), drawn(staff)
    assert confirmed(staff, one) == [""]
    Refill.objects.update(status=end, ended_at=NOON, external_id="5")
    assert confirmed(staff, two) == [REFILLED_SINCE]
    assert Refill.objects.count() == 1


def test_after_those_that_its_page_knew_another_one_is_asked_for(staff: Client) -> None:
    first = make_order(Status.COMPLETED)
    ask_and_take_back(first)
    ask_and_take_back(first)
    make_order(Status.COMPLETED)
    assert confirmed(staff, drawn(staff)) == ["", ""]
    assert Refill.objects.count() == 4


def test_what_a_journal_has_told_since_of_a_refill_is_looked_at_once_more(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stood there as taken back, and no newer one does."""
    refill = ask_and_take_back(make_order(Status.COMPLETED))
    make_order(Status.COMPLETED)
    fields = drawn(staff)
    sent_after_all(refill, monkeypatch)
    assert confirmed(staff, fields) == [REFILLED_SINCE, ""]
    assert Refill.objects.filter(order=refill.order).count() == 1
    assert confirmed(staff, drawn(staff))[0] == "", "once it was looked at"


def test_what_a_late_answer_has_told_since_is_looked_at_once_more(staff: Client) -> None:
    refill, call = closed_in_doubt()
    fields = drawn(staff)
    late_answer(refill, call)
    assert confirmed(staff, fields) == [REFILLED_SINCE]
    assert Refill.objects.count() == 1
    assert confirmed(staff, drawn(staff)) == [""], "once it was looked at"


def test_what_is_heard_of_a_refill_without_a_row_is_looked_at_once_more(staff: Client) -> None:
    order = make_order(Status.COMPLETED)
    fields = drawn(staff)
    order.remember(EventKind.REFILL, now=NOON, text="Another machine has sent one.")
    assert confirmed(staff, fields) == [REFILLED_SINCE]
    assert not Refill.objects.exists()


def test_an_action_of_the_release_before_leaves_out_what_had_a_refill() -> None:
    """It says which rows it knew, and not what was heard of them."""
    refill, other = ask_and_take_back(make_order(Status.COMPLETED)), make_order(Status.COMPLETED)
    job = begin_again([refill.order, other], NOON, JobKind.REFILL)
    BulkJob.objects.filter(pk=job.pk).update(terms={"shown_refills": f"{refill.pk}"})
    run_job(job, NOON + timedelta(minutes=1))
    words = job.items.order_by("order").values_list("words", flat=True)
    assert list(words) == [REFILLED_SINCE, ""]


def test_a_confirmation_of_the_release_before_is_asked_to_be_looked_at_once_more(
    staff: Client,
) -> None:
    make_order(Status.COMPLETED)
    fields = drawn(staff)
    del fields["shown_refill_lines"]
    answer = staff.post(URL, fields | {"shown_refills": ""})
    assert answer.status_code == 422 and CHANGED in answer.content.decode()
    assert not BulkJob.objects.exists()
    assert confirmed(staff, hidden_in(answer.content.decode())) == [""]


@pytest.mark.parametrize("end", [RefillStatus.WITHDRAWN, RefillStatus.REFUSED])
def test_what_the_confirmation_left_out_is_left_out_whatever_became_of_it(
    staff: Client, end: RefillStatus
) -> None:
    refill = ask(make_order(Status.COMPLETED))
    make_order(Status.COMPLETED)
    assert REFILL_UNDER_WAY in staff.get(URL).content.decode()
    fields = drawn(staff)
    Refill.objects.update(status=end, requests=1, sent_at=NOON, ended_at=NOON)  # it was lost
    assert confirmed(staff, fields) == [REFILLED_SINCE, ""]
    assert Refill.objects.filter(order=refill.order).count() == 1


@pytest.mark.parametrize("text", ["x", "9-1", "1;2"])
def test_what_cannot_be_read_asks_for_none(staff: Client, text: str) -> None:
    make_order(Status.COMPLETED)
    assert staff.post(URL, drawn(staff) | {"shown_refill_lines": text}).status_code == 422
    assert not BulkJob.objects.exists()
