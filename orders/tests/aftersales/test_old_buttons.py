"""*Withdraw*, *Close* and *Take back* on a page of before act on what it has shown."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from orders.models import CancelRequest, Order, Refill
from orders.shown import CHANGED
from orders.status import CancelStatus, RefillStatus, Status
from tests.builders import NOON, make_cancel, make_order, make_refill

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATER = NOON + timedelta(minutes=1)


@pytest.fixture
def staff(client_for_role: Any) -> Client:
    client: Client = client_for_role(Role.OPERATOR)
    return client


def carried(staff: Client, order: Order, step: str) -> dict[str, str]:
    """What the button to this address carries on the page of its order."""
    page = staff.get(f"/orders/{order.pk}/").content.decode()
    found = re.search(rf'formaction="{step}"\s+name="shown" value="([^"]*)"', page)
    return {"shown": found[1]} if found else {}


def where(refill: Refill) -> str:
    return Refill.objects.get(pk=refill.pk).status


def test_withdraw_of_a_waiting_refill_does_not_close_one_in_doubt(staff: Client) -> None:
    refill = make_refill(RefillStatus.WAITING)
    step = f"/orders/refills/{refill.pk}/withdraw/"
    seen = carried(staff, refill.order, step)
    Refill.objects.update(status=RefillStatus.UNCONFIRMED, requests=1)
    assert CHANGED in staff.post(step, seen, follow=True).content.decode()
    assert where(refill) == RefillStatus.UNCONFIRMED
    staff.post(step, carried(staff, refill.order, step))
    assert where(refill) == RefillStatus.WITHDRAWN


def test_nor_does_withdraw_the_selected(staff: Client) -> None:
    refill = make_refill(RefillStatus.WAITING)
    ticked = {"step": "withdraw", "refill": [refill.pk]}
    seen = {f"shown-{refill.pk}": refill.shown}
    Refill.objects.update(status=RefillStatus.UNCONFIRMED, requests=1)
    staff.post("/orders/refills/selected/", ticked | seen)
    assert where(refill) == RefillStatus.UNCONFIRMED
    refill.refresh_from_db()
    staff.post("/orders/refills/selected/", ticked | {f"shown-{refill.pk}": refill.shown})
    assert where(refill) == RefillStatus.WITHDRAWN


def test_a_refill_that_was_given_the_number_of_another_since_is_not_taken_back(
    staff: Client,
) -> None:
    shown = make_refill()
    step = f"/orders/refills/{shown.pk}/withdraw/"
    seen = carried(staff, shown.order, step)
    Refill.objects.all().delete()
    other = make_refill(pk=shown.pk, requested_at=LATER)
    staff.post(step, seen)
    assert where(other) == RefillStatus.QUEUED


def test_a_cancel_that_was_given_the_number_of_another_since_is_not_taken_back(
    staff: Client,
) -> None:
    shown = make_cancel()
    step = f"/orders/cancels/{shown.pk}/withdraw/"
    seen = carried(staff, shown.order, step)
    CancelRequest.objects.all().delete()
    other = make_cancel(order=make_order(Status.IN_PROGRESS), requested_at=LATER, pk=shown.pk)
    staff.post(step, seen)
    assert CancelRequest.objects.get().status == CancelStatus.QUEUED
    staff.post(step, carried(staff, other.order, step))
    assert CancelRequest.objects.get().status == CancelStatus.ENDED
