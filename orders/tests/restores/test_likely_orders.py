"""Which waiting orders an unmatched one of the provider is offered as, by what it cost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orders.restores.likely_orders import likely_orders
from orders.status import Status
from tests.builders import make_order, make_provider, make_service, make_unmatched_order

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.mark.parametrize(
    ("least", "most", "charge", "is_likely"),
    [
        ("0.2", None, "7", True),
        ("0.2", None, "0.1", False),
        ("0.2", "0.9", "0.5", True),
        ("0.2", "0.9", "7", False),
        ("0.2", None, None, False),
    ],
)
def test_an_order_that_may_cost_any_amount_is_likely_from_its_least_on(
    least, most, charge, is_likely
):
    service = make_service(make_provider())
    high = most and Decimal(most)
    make_order(
        Status.QUEUED,
        service=service,
        estimate=Decimal(least),
        estimate_high=high,
        link="https://a.example/1",
    )
    paid = charge and Decimal(charge)
    unmatched = make_unmatched_order(service.provider, charge=paid, link="")
    assert bool(likely_orders([unmatched])[unmatched.pk]) == is_likely
