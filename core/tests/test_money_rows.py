"""What goes into a money column comes out of it, to the last of thirty digits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.money import MoneySum, plain
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


def test_amounts_are_compared_as_numbers_not_as_text() -> None:
    provider = make_provider()
    for amount in (SMALLEST, LARGEST, Decimal("9.5"), Decimal(10)):
        BalanceReading.objects.create(provider=provider, amount=amount, read_at=NOON)
    rows = BalanceReading.objects.order_by("amount")
    assert [row.amount for row in rows] == [SMALLEST, Decimal("9.5"), Decimal(10), LARGEST]
    assert rows.filter(amount__gt=Decimal("9.5")).count() == 2
    assert rows.get(amount=Decimal("10.00")).amount == Decimal(10)


def test_a_sum_of_nothing_is_nothing() -> None:
    assert BalanceReading.objects.aggregate(total=MoneySum("amount"))["total"] is None


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.278190", "0.27819"),
        ("100", "100"),
        ("1E+2", "100"),
        ("0.00", "0"),
        ("1E-12", f"{SMALLEST:f}"),
    ],
)
def test_an_amount_is_said_without_exponent_and_idle_zeros(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text
