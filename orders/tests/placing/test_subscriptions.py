"""What is a subscription says the table of order types, and not how a name begins."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core import clocks
from orders import charges
from orders.models import ChargeEntry, Order
from orders.polling.final_charge import End, weigh
from orders.recovery.search import id_range
from orders.status import Status
from providers.models import RefundStyle
from providers.panel_api import PAYLOADS, OldPostsPayload, SubscriptionPayload
from providers.panel_api.order_types.table import SUBSCRIPTIONS
from tests.builders import NOON, make_order

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATER = NOON + timedelta(days=3)
ONLY_SOUNDS_SO = "Subscriptions to a letter"


def test_the_table_names_them() -> None:
    assert {SubscriptionPayload.type_name, OldPostsPayload.type_name} == SUBSCRIPTIONS
    assert PAYLOADS.keys() > SUBSCRIPTIONS


@pytest.mark.parametrize("type_name", [*sorted(SUBSCRIPTIONS), ONLY_SOUNDS_SO])
def test_only_a_subscription_pays_at_any_later_moment(type_name: str) -> None:
    order = make_order(Status.IN_PROGRESS, type=type_name, charge=Decimal(1), sent_at=NOON)
    charges.write_first_charge(order, now=LATER)
    within_lease = NOON + timedelta(seconds=clocks.SEND_LEASE_SECONDS)
    high = ChargeEntry.objects.get().at_high
    assert high == (LATER if type_name in SUBSCRIPTIONS else within_lease)


@pytest.mark.parametrize("type_name", [*sorted(SUBSCRIPTIONS), ONLY_SOUNDS_SO])
def test_only_of_a_subscription_nothing_comes_back(type_name: str) -> None:
    order = make_order(Status.IN_PROGRESS, type=type_name, estimate=Decimal(1), sent_at=NOON)
    end = End(Status.CANCELED, Decimal(1), 1000, 1)
    final = weigh(order, end, RefundStyle.APART)
    assert (final.refund or 0) == (0 if type_name in SUBSCRIPTIONS else 1)


@pytest.mark.parametrize("type_name", [*sorted(SUBSCRIPTIONS), ONLY_SOUNDS_SO])
def test_what_a_subscription_may_have_started_is_not_taken_for_a_lost_order(type_name: str) -> None:
    payload = {"username": "lumen", "min": "10", "max": "20", "old_posts": "3"}
    order = make_order(Status.IN_PROGRESS, type=type_name, payload=payload)
    is_one = type_name in SUBSCRIPTIONS
    found = id_range.parents([order.provider_id], 5)
    assert found is not None and found.ids == ([order.external_id] if is_one else [])
    assert list(Order.objects.of_related("parents")) == ([order] if is_one else [])
