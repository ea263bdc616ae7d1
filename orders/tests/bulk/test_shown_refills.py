"""Refill of many from a page of an hour ago: another one is asked for only after those it knew."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from orders.bulk import tasks as bulk_tasks
from orders.bulk.apply_step import REFILLED_SINCE
from orders.bulk.outlook import REFILL_UNDER_WAY
from orders.models import BulkJob, Refill
from orders.status import RefillStatus, Status
from tests.builders import NOON, make_order, make_refill

pytestmark = [pytest.mark.django_db, pytest.mark.services]
URL = "/orders/bulk/?kind=refill&scope=all"


@pytest.fixture
def staff(client_for_role: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(bulk_tasks, "ring_job", lambda pk: None)
    client: Client = client_for_role(Role.OPERATOR)
    return client


def drawn(staff: Client) -> dict[str, str]:
    """What the form of the confirmation carries."""
    page = staff.get(URL).content.decode()
    fields = re.findall(r'name="(form_key|chosen|left_\w+|shown_\w+)" value="([^"]*)"', page)
    return dict(fields)


def confirmed(staff: Client, fields: dict[str, str]) -> list[str]:
    """What came of each order: nothing, or the words why not."""
    assert staff.post(URL, fields).status_code == 302
    job = BulkJob.objects.latest("pk")
    bulk_tasks.run_job(job_id=job.pk)
    return list(job.items.order_by("order").values_list("words", flat=True))


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
    first = make_refill(RefillStatus.COMPLETED)
    make_refill(RefillStatus.REFUSED, order=first.order)
    make_order(Status.COMPLETED)
    assert confirmed(staff, drawn(staff)) == ["", ""]
    assert Refill.objects.count() == 4


@pytest.mark.parametrize("end", [RefillStatus.WITHDRAWN, RefillStatus.REFUSED])
def test_what_the_confirmation_left_out_is_left_out_whatever_became_of_it(
    staff: Client, end: RefillStatus
) -> None:
    refill = make_refill(RefillStatus.QUEUED)
    make_order(Status.COMPLETED)
    assert REFILL_UNDER_WAY in staff.get(URL).content.decode()
    fields = drawn(staff)
    Refill.objects.update(status=end, requests=1, sent_at=NOON, ended_at=NOON)  # it was lost
    assert confirmed(staff, fields) == [REFILLED_SINCE, ""]
    assert Refill.objects.filter(order=refill.order).count() == 1


@pytest.mark.parametrize("text", ["x", "9-1", "1;2"])
def test_what_cannot_be_read_asks_for_none(staff: Client, text: str) -> None:
    make_order(Status.COMPLETED)
    assert staff.post(URL, drawn(staff) | {"shown_refills": text}).status_code == 422
    assert not BulkJob.objects.exists()
