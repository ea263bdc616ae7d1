"""Cancel of many from a page of an hour ago: asked for only where no more was heard since."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from orders.aftersales.request_cancels import ASKED_FOR, request_cancel, withdraw_cancel
from orders.bulk import tasks as bulk_tasks
from orders.bulk.apply_step import CANCELED_SINCE
from orders.models import BulkJob, CancelRequest, Order
from orders.shown import CHANGED
from orders.status import CancelStatus, Status
from orders.tests.restores.test_drawn_before import hidden_in
from tests.builders import NOON, make_order, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
URL = "/orders/bulk/?kind=cancel&scope=all"


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


def cancel_and_take_back(order: Order) -> None:
    assert request_cancel(order, actor=None, now=NOON) == ""
    assert withdraw_cancel(CancelRequest.objects.latest("pk"), actor=None, now=NOON)


def test_two_tabs_ask_for_one_cancel_although_the_first_has_ended(staff: Client) -> None:
    make_order(Status.IN_PROGRESS)
    one, two = drawn(staff), drawn(staff)
    assert confirmed(staff, one) == [""]
    assert withdraw_cancel(CancelRequest.objects.get(), actor=None, now=NOON)
    assert confirmed(staff, two) == [CANCELED_SINCE]
    assert CancelRequest.objects.get().status == CancelStatus.ENDED


def test_one_that_is_under_way_by_now_is_told_so(staff: Client) -> None:
    make_order(Status.IN_PROGRESS)
    one, two = drawn(staff), drawn(staff)
    assert confirmed(staff, one) == [""]
    assert confirmed(staff, two) == [ASKED_FOR]


def test_after_those_that_its_page_knew_another_one_is_asked_for(staff: Client) -> None:
    cancel_and_take_back(make_order(Status.IN_PROGRESS))
    make_order(Status.IN_PROGRESS)
    assert confirmed(staff, drawn(staff)) == ["", ""]
    assert CancelRequest.objects.open().count() == 2


def test_one_that_a_colleague_asked_for_since_is_left_out(staff: Client) -> None:
    first, _ = make_order(Status.IN_PROGRESS), make_order(Status.IN_PROGRESS)
    cancel_and_take_back(first)
    fields = drawn(staff)
    cancel_and_take_back(first)
    assert confirmed(staff, fields) == [CANCELED_SINCE, ""]


def test_a_confirmation_of_the_release_before_is_asked_to_be_looked_at_once_more(
    staff: Client,
) -> None:
    make_order(Status.IN_PROGRESS)
    fields = drawn(staff)
    del fields["shown_cancels"]
    answer = staff.post(URL, fields)
    assert answer.status_code == 422 and CHANGED in answer.content.decode()
    assert not BulkJob.objects.exists()
    assert confirmed(staff, hidden_in(answer.content.decode())) == [""]


@pytest.mark.parametrize("text", ["x", "9-1", "1;2"])
def test_what_cannot_be_read_asks_for_none(staff: Client, text: str) -> None:
    make_order(Status.IN_PROGRESS)
    assert staff.post(URL, drawn(staff) | {"shown_cancels": text}).status_code == 422
    assert not BulkJob.objects.exists()


def test_it_is_asked_in_as_many_questions_for_one_as_for_many(
    staff: Client, django_assert_max_num_queries: Any
) -> None:
    service = make_service()
    for _ in range(3):
        cancel_and_take_back(make_order(Status.IN_PROGRESS, service=service))
    staff.get(URL)
    with django_assert_max_num_queries(100) as few:
        staff.get(URL)
    for _ in range(6):
        cancel_and_take_back(make_order(Status.IN_PROGRESS, service=service))
    with django_assert_max_num_queries(len(few)):
        staff.get(URL)
