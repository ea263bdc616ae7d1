"""Statements of our own do to rows what the ORM would do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.rows.bulk import (
    add_rows,
    compare_and_set,
    load_by_key,
    read_by_key,
    read_columns,
    write_same,
)
from orders.models import OrderEvent
from orders.status import Status
from providers.models import BalanceReading, Provider, ProviderHealth
from tests.builders import NOON, make_order, make_provider

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def accounts() -> list[Provider]:
    return [make_provider() for _ in range(3)]


def set_health(account: Provider, **values: Any) -> None:
    ProviderHealth.objects.filter(pk=account.pk).update(**values)


def test_moments_come_back_exact_and_aware_and_nothing_stays_nothing(accounts) -> None:
    odd = NOON + timedelta(microseconds=7)
    set_health(accounts[0], last_ok_at=NOON, slow_until=odd)
    columns = ("provider_id", "last_ok_at", "slow_until", "open_until")
    rows = read_columns(ProviderHealth, columns, "slow_until <= %s", [odd])
    assert rows == [(accounts[0].pk, NOON, odd, None)]


def test_rows_come_in_the_order_of_their_keys_and_only_those_asked_for(accounts) -> None:
    keys = [accounts[2].pk, accounts[0].pk]
    assert [pk for (pk,) in read_by_key(Provider, ("id",), keys)] == sorted(keys)
    assert read_by_key(Provider, ("id",), []) == []


def test_an_amount_is_read_to_its_last_digit(accounts) -> None:
    amount = Decimal("123456789012345678.123456789012")
    row = BalanceReading.objects.create(provider=accounts[0], amount=amount, read_at=NOON)
    assert read_by_key(BalanceReading, ("amount",), [row.pk]) == [(amount,)]


def test_a_loaded_row_knows_its_columns_and_asks_for_the_others(
    accounts, django_assert_num_queries
):
    (row,) = load_by_key(Provider, ("name",), [accounts[1].pk])
    with django_assert_num_queries(0):
        assert (row.pk, row.name) == (accounts[1].pk, accounts[1].name)
    assert row.url == accounts[1].url


def test_only_who_knows_the_row_as_it_is_may_write_it(accounts) -> None:
    pk = accounts[0].pk
    set_health(accounts[0], booked_until=NOON)
    assert not compare_and_set(ProviderHealth, pk, {"booked_until": None}, pace=0.5)
    later = NOON + timedelta(seconds=1)
    known = {"booked_until": NOON, "slow_until": None}
    assert compare_and_set(ProviderHealth, pk, known, booked_until=later)
    assert not compare_and_set(ProviderHealth, pk, known, booked_until=later)
    assert ProviderHealth.objects.get(pk=pk).pace == 1.0


def test_many_rows_get_the_same_values_and_others_keep_theirs(accounts) -> None:
    write_same(ProviderHealth, [one.pk for one in accounts[:2]], last_ok_at=NOON, failures=4)
    found = ProviderHealth.objects.order_by("pk").values_list("last_ok_at", "failures")
    assert list(found) == [(NOON, 4), (NOON, 4), (None, 0)]


def test_added_rows_are_what_bulk_create_would_have_made() -> None:
    order = make_order(Status.PENDING)

    def events() -> list[OrderEvent]:
        return [
            OrderEvent(order=order, at=NOON, kind="moved", before="pending", after="completed"),
            OrderEvent(order=order, at=NOON, kind="note", text="“odd” % 't'", evidence={"a": [1]}),
        ]

    def values(rows: Any) -> list[Any]:
        return list(rows.values_list("order", "at", "kind", "before", "after", "text", "evidence"))

    OrderEvent.objects.bulk_create(events())
    expected = values(order.events.order_by("pk"))[-2:]
    add_rows(events())
    add_rows([])
    assert values(order.events.order_by("pk"))[-2:] == expected
    assert order.events.count() == 4
