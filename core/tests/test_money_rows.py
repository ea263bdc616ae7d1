"""What goes into a money column comes out of it, to the last of thirty digits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.money import MoneySum
from providers.models import BalanceReading
from tests.builders import NOON, make_provider

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LARGEST = Decimal("123456789012345678.123456789012")
SMALLEST = Decimal("0.000000000001")


@pytest.mark.parametrize("amount", [LARGEST, -LARGEST, SMALLEST, Decimal(0)], ids=str)
def test_an_amount_survives_its_row(amount: Decimal) -> None:
    row = BalanceReading.objects.create(provider=make_provider(), amount=amount, read_at=NOON)
    row.refresh_from_db()
    assert row.amount == amount


def test_a_sum_loses_no_digit() -> None:
    provider = make_provider()
    for amount in (LARGEST, SMALLEST, SMALLEST):
        BalanceReading.objects.create(provider=provider, amount=amount, read_at=NOON)
    total = BalanceReading.objects.aggregate(total=MoneySum("amount"))["total"]
    assert total == Decimal("123456789012345678.123456789014")
