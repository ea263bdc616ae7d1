"""A page from before its database was put back has numbers that stand for other orders now."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from orders.models import CancelRequest, Order, Refill
from orders.shown import CHANGED
from orders.status import HoldReason, RefillStatus, Status
from orders.tests.bulk.test_other_orders import in_its_place
from tests.builders import NOON, make_order, make_refill

pytestmark = [pytest.mark.django_db, pytest.mark.services]
STANDS = {
    "cancel": Status.IN_PROGRESS,
    "refill": Status.COMPLETED,
    "withdraw": Status.QUEUED,
    "hold": Status.QUEUED,
    "release": Status.HELD,
}


def button(page: str, step: str) -> tuple[str, dict[str, str]]:
    """The address of the first button for this step, and the word it carries."""
    found = re.search(rf'formaction="(/orders/\d+/{step}/[^"]*)"', page)
    assert found
    after = page[found.end() :].partition(">")[0]
    return found[1], dict(re.findall(r'name="(shown)"\s+value="([^"]*)"', after))


def acted(order: Order) -> bool:
    now = Order.objects.get(pk=order.pk)
    asked = CancelRequest.objects.exists() or Refill.objects.exists()
    return asked or now.status != order.status


@pytest.mark.parametrize(
    ("step", "by"), [*((step, "order") for step in STANDS), ("withdraw", "list")]
)
def test_a_button_acts_on_no_order_that_was_given_its_number_since(
    client_for_role: Any, step: str, by: str
) -> None:
    staff: Client = client_for_role(Role.MANAGER)
    held = step == "release"
    more: dict[str, Any] = {"hold_reason": HoldReason.STAFF if held else HoldReason.NONE}
    order = make_order(STANDS[step], **more)
    page = staff.get(f"/orders/{order.pk}/" if by == "order" else "/orders/?group=open")
    address, carried = button(page.content.decode(), step)
    other = in_its_place(order, **more)
    answer = staff.post(address, carried, follow=True)
    assert not acted(other) and CHANGED in answer.content.decode()
    address, carried = button(staff.get(f"/orders/{other.pk}/").content.decode(), step)
    staff.post(address, carried)
    assert acted(other), "the page of now acts"


def test_a_refill_that_was_given_the_number_of_another_since_is_not_sent_again(
    client_for_role: Any,
) -> None:
    staff: Client = client_for_role(Role.MANAGER)
    shown = make_refill(RefillStatus.UNCONFIRMED, requests=1)
    number, said = shown.pk, {"shown": shown.shown}
    Refill.objects.all().delete()
    later: dict[str, Any] = {"requested_at": NOON + timedelta(minutes=1), "requests": 1}
    other = make_refill(RefillStatus.UNCONFIRMED, pk=number, **later)
    staff.post(f"/orders/refills/{number}/again/", said)
    assert Refill.objects.get().status == RefillStatus.UNCONFIRMED
    staff.post(f"/orders/refills/{number}/again/", {"shown": other.shown})
    assert Refill.objects.get().status == RefillStatus.QUEUED
