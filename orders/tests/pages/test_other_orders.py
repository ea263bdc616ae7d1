"""A page from before its database was put back has numbers that stand for other orders now."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from orders.models import Attempt, CancelRequest, Order, OrderEvent, Refill
from orders.recovery import resolve_views
from orders.shown import CHANGED
from orders.status import HoldReason, Outcome, RefillStatus, Resolution, Status
from orders.terms import Terms
from orders.tests.bulk.test_other_orders import in_its_place
from providers.panel_api import OrderState
from tests.builders import NOON, make_attempt, make_order, make_refill, make_service
from tests.fake_provider import FakeProvider, progress

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


def in_doubt(status: Status, pk: int | None = None) -> Order:
    """Of which nothing was heard: any two of these read alike."""
    number: dict[str, Any] = {"pk": pk} if pk else {}
    order = make_order(status, **number)
    by_hand = {"outcome": Outcome.NOT_PLACED, "resolution": Resolution.PERSON}
    lost = {"outcome": Outcome.UNKNOWN, "unknown_at": NOON}
    make_attempt(order, started_at=NOON, **(lost if status == Status.UNCONFIRMED else by_hand))
    return order


def form_for(page: str, address: str) -> dict[str, str]:
    """The hidden fields of the form with this address."""
    found = re.search(rf'<form[^>]*action="{address}".*?</form>', page, re.DOTALL)
    assert found
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', found[0]))


@pytest.mark.parametrize(
    ("status", "on", "step", "said"),
    [
        (Status.NOT_PLACED, "", "requeue", {"sure": "on"}),
        (Status.UNCONFIRMED, "resolve/", "resolve/not-placed", {"sure": "on"}),
        (Status.UNCONFIRMED, "resolve/", "resolve/give-up", {"note": "Nobody knows."}),
        (Status.UNCONFIRMED, "resolve/", "resolve/link", {"external_id": "555"}),
    ],
)
def test_a_decision_is_about_no_order_that_was_given_its_number_since(
    client_for_role: Any, monkeypatch: Any, status: Status, on: str, step: str, said: dict[str, str]
) -> None:
    provider = FakeProvider()
    provider.says["555"] = progress(OrderState.IN_PROGRESS, remains=10)
    monkeypatch.setattr(resolve_views, "client_for", lambda one: provider)
    staff: Client = client_for_role(Role.MANAGER)
    order = in_doubt(status)
    page, address = f"/orders/{order.pk}/{on}", f"/orders/{order.pk}/{step}/"
    old = form_for(staff.get(page).content.decode(), address)
    Attempt.objects.all().delete()
    OrderEvent.objects.all().delete()
    order.delete()
    other = in_doubt(status, order_number := int(address.split("/")[2]))
    assert other.pk == order_number
    answer = staff.post(address, said | old, follow=True)
    other.refresh_from_db()
    assert other.status == status and CHANGED in answer.content.decode()
    assert not provider.asked
    staff.post(address, said | form_for(staff.get(page).content.decode(), address))
    other.refresh_from_db()
    assert other.status != status, "the page of now acts"


@pytest.mark.parametrize(
    ("step", "to"), [("accept", Status.QUEUED), ("withdraw", Status.WITHDRAWN)]
)
def test_changed_terms_are_agreed_to_for_no_order_that_was_given_its_number_since(
    client_for_role: Any, step: str, to: Status
) -> None:
    """Its service asks the same of both by now, so the terms that were shown are its too."""
    staff: Client = client_for_role(Role.MANAGER)
    service = make_service()
    agreed = {**Terms.of(service).as_json(), "rate": "0.5"}
    waits: dict[str, Any] = {"hold_reason": HoldReason.TERMS, "service": service, "terms": agreed}
    order = make_order(Status.HELD, link="https://a.example/1", **waits)
    [row] = staff.get("/orders/terms/").context["shown"]
    number = order.pk
    order.delete()
    other = make_order(Status.HELD, link="https://b.example/2", pk=number, **waits)
    staff.post(f"/orders/terms/{step}/", {"order": row.token})
    assert not acted(other)
    [row] = staff.get("/orders/terms/").context["shown"]
    staff.post(f"/orders/terms/{step}/", {"order": row.token})
    assert Order.objects.get(pk=number).status == to, "the page of now acts"


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
