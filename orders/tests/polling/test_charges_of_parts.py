"""A drip-feed of which a run was canceled costs what its runs delivered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orders.models import Order
from orders.status import Flag, Status
from orders.tests.polling.test_child_orders import follow, make_parent, says
from providers.panel_api import OrderState
from tests.builders import make_order
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.services]
RATE = Decimal("6.92")
RUNS = ("r1", "r2", "r3")


def drip_feed(last: Status) -> Order:
    """3 × 200; the second run was canceled. What became of the last may not be read yet."""
    parent = make_parent(Status.IN_PROGRESS, units=600, rate=RATE, estimate=RATE * 600 / 1000)
    run: dict[str, Any] = {"parent": parent, "service": parent.service, "units": 200, "rate": RATE}
    make_order(Status.COMPLETED, external_id="r1", remains=0, **run)
    make_order(Status.CANCELED, external_id="r2", remains=200, **run)
    make_order(last, external_id="r3", remains=0 if last == Status.COMPLETED else 37, **run)
    Order.objects.filter(pk=parent.pk).update(parts_done=3)
    return parent


@pytest.mark.parametrize("last", [Status.COMPLETED, Status.IN_PROGRESS])
@pytest.mark.parametrize("charge", ["2.768", "4.152"])
def test_what_its_runs_delivered_at_the_agreed_price_is_right(last: Status, charge: str) -> None:
    parent, provider = drip_feed(last), FakeProvider()
    provider.says[parent.external_id] = says(*RUNS, state=OrderState.COMPLETED, charge=charge)
    follow(parent, provider)
    assert (parent.status, parent.charge) == (Status.COMPLETED, Decimal(charge))
    assert parent.flag == Flag.NONE


@pytest.mark.parametrize("charge", ["3.5", "1.384"])
def test_another_charge_is_flagged_and_both_that_are_right_are_named(charge: str) -> None:
    parent, provider = drip_feed(Status.COMPLETED), FakeProvider()
    provider.says[parent.external_id] = says(*RUNS, state=OrderState.COMPLETED, charge=charge)
    follow(parent, provider)
    assert parent.flag == Flag.CHARGE_DIFFERS
    assert parent.events.filter(text__contains="be 4.152 or 2.768.").exists()
