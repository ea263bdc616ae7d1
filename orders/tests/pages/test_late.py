"""Which orders are called late, where, and of which nothing is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from orders.models import Order, PollSchedule
from orders.status import FINAL, Flag, Status
from orders.templatetags.late import late
from orders.terms import Terms
from providers.models import Provider, Service
from tests.builders import NOON, make_order, make_provider, make_service
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

LONG = timedelta(hours=9)


def sent(
    status: Status = Status.IN_PROGRESS,
    *,
    usual: str = "1 hour 5 minutes",
    seen_after: timedelta = LONG,
    provider: Provider | None = None,
    **over: Any,
) -> Order:
    """An order sent at noon, last seen open so long after."""
    over.setdefault("service", make_service(provider, average_time=usual))
    order = make_order(status, sent_at=NOON, **over)
    PollSchedule.objects.filter(order=order).update(looked_at=NOON + seen_after)
    return Order.objects.for_list().get(pk=order.pk)


def test_an_order_past_three_times_its_usual_time_is_late_in_list_and_page(staff: Client) -> None:
    order = sent()
    row = one_line(staff.get("/orders/").content.decode())
    assert "Late: usually 1 h 5 min" in row
    assert "Not completed 9 h after it was sent." in row
    for address in (f"/orders/{order.pk}/", f"/orders/{order.pk}/peek/"):
        page = one_line(staff.get(address).content.decode())
        assert "Late: not completed 9 h after it was sent." in page
        assert "The provider names an average time of 1 h 5 min." in page


@pytest.mark.parametrize(
    ("usual", "units", "hours"),
    [
        ("1 hour", 1000, 7),  # six hours beyond it
        ("1 minute", 1000, 6 + 1 / 60),
        ("4 hours", 1000, 12),  # three times
        ("4 hours", 100, 12),
        ("4 hours", 5000, 60),  # panels count it for a thousand
        ("4 hours", None, 12),
    ],
)
def test_it_is_late_only_beyond_what_may_be_usual(
    usual: str, units: int | None, hours: float
) -> None:
    limit = timedelta(hours=hours)
    second = timedelta(seconds=1)
    payload = {"link": "https://lumen.example/a"}
    assert late(sent(usual=usual, units=units, payload=payload, seen_after=limit)) is None
    assert late(sent(usual=usual, units=units, payload=payload, seen_after=limit + second))


@pytest.mark.parametrize(
    ("usual", "units"), [("9999 days", 40_000_000), ("1 day", 10**12), ("9999 days", 2**63 - 1)]
)
def test_what_takes_longer_than_can_be_said_is_not_late_and_the_list_is_shown(
    staff: Client, usual: str, units: int
) -> None:
    order = sent(usual=usual, units=units, payload={"link": "https://lumen.example/a"})
    assert late(order) is None
    for address in ("/orders/", f"/orders/{order.pk}/", f"/orders/{order.pk}/peek/"):
        assert staff.get(address).status_code == 200


def test_it_is_late_as_of_when_its_status_was_read(staff: Client) -> None:
    """A provider that does not answer may have completed it meanwhile."""
    order = sent(seen_after=timedelta(hours=2))
    assert order.sent_at == NOON  # days ago, by the clock of now
    assert late(order) is None
    assert "data-late" not in staff.get("/orders/").content.decode()


@pytest.mark.parametrize("status", sorted(FINAL | {Status.PAUSED, Status.ACTIVE, Status.QUEUED}))
def test_what_ended_rests_or_was_not_sent_is_not_late(status: Status) -> None:
    order = make_order(status, service=make_service(average_time="5 minutes"))
    PollSchedule.objects.filter(order=order).update(looked_at=NOON + LONG)
    assert late(Order.objects.for_list().get(pk=order.pk)) is None


def test_what_goes_on_for_as_long_as_it_was_asked_to_is_not_late() -> None:
    link = {"link": "https://lumen.example/a", "quantity": "100"}
    assert late(sent(payload=link))
    assert late(sent(payload=link | {"runs": "5", "interval": "600"})) is None
    assert late(sent(parts_done=1)) is None
    assert late(sent(type="Subscriptions", units=None)) is None
    assert late(sent(parent=sent())) is None, "its provider has started it, nobody sent it"


def test_the_time_of_another_product_says_nothing() -> None:
    service = make_service(average_time="5 minutes")
    agreed = Terms.of(service).as_json()
    order = sent(service=service, terms=agreed)
    assert late(order)
    Service.objects.filter(pk=service.pk).update(name="Another product")
    assert late(Order.objects.for_list().get(pk=order.pk)) is None


@pytest.mark.parametrize("usual", ["", "90", "0-1 h", "<b>instant</b>"])
def test_a_time_that_is_not_understood_makes_nothing_late(usual: str) -> None:
    assert late(sent(usual=usual)) is None


def test_what_needs_a_person_is_told_before_what_is_late(staff: Client) -> None:
    sent(flag=Flag.UNKNOWN_WORD, raw_status="Odd")
    page = one_line(staff.get("/orders/").content.decode())
    assert "“<bdi>Odd</bdi>”" in page and "Late:" not in page


def test_ten_late_rows_cost_the_queries_of_one(staff: Client) -> None:
    provider = make_provider()
    sent(provider=provider)
    one = queries_of(lambda: staff.get("/orders/"))
    for _ in range(9):
        sent(provider=provider)
    ten = queries_of(lambda: staff.get("/orders/"))
    assert len(ten) == len(one)
    assert staff.get("/orders/").content.decode().count("data-late") == 10
