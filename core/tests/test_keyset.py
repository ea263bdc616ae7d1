"""Pages by cursor: every row once, forwards and back, whatever is added or tampered with."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core import signing

from core.rows.keyset import LAST, KeysetPage, keyset_page
from providers.models import BalanceReading
from tests.builders import NOON, make_provider

pytestmark = [pytest.mark.django_db, pytest.mark.services]
KEYS = ("-amount", "-pk")
AMOUNTS = (5, 3, 3, 3, 9, 1, 7)  # three alike: the second key decides


@pytest.fixture
def readings() -> list[BalanceReading]:
    """Largest amount first, of equal ones the youngest."""
    provider = make_provider()
    made = [
        BalanceReading.objects.create(provider=provider, amount=Decimal(amount), read_at=NOON)
        for amount in AMOUNTS
    ]
    return sorted(made, key=lambda row: (row.amount, row.pk), reverse=True)


def page(
    cursor: str = "", *, size: int = 2, keys: tuple[str, ...] = KEYS
) -> KeysetPage[BalanceReading]:
    return keyset_page(BalanceReading.objects.all(), keys=keys, cursor=cursor, size=size)


def walked(cursor: str, *, forwards: bool) -> list[list[BalanceReading]]:
    pages = []
    while True:
        here = page(cursor)
        pages.append(here.rows)
        cursor = here.next if forwards else here.previous
        if not cursor:
            return pages


def test_forwards_every_row_comes_once_and_in_order(readings: list[BalanceReading]) -> None:
    pages = walked("", forwards=True)
    assert [row for rows in pages for row in rows] == readings
    assert [len(rows) for rows in pages] == [2, 2, 2, 1]


def test_backwards_from_the_last_page_too(readings: list[BalanceReading]) -> None:
    pages = walked(LAST, forwards=False)
    assert [row for rows in reversed(pages) for row in rows] == readings
    assert pages[0] == readings[-2:]


def test_ascending_keys_walk_the_other_way(readings: list[BalanceReading]) -> None:
    first = page(keys=("amount", "pk"), size=3)
    assert first.rows == readings[::-1][:3]
    assert page(first.next, keys=("amount", "pk"), size=3).rows == readings[::-1][3:6]


def test_the_ends_say_so(readings: list[BalanceReading]) -> None:
    first, last, whole = page(), page(LAST), page(size=50)
    assert (first.is_first, first.is_last, first.previous) == (True, False, "")
    assert (last.is_first, last.is_last, last.next) == (False, True, "")
    assert (whole.is_first, whole.is_last, whole.next, whole.previous) == (True, True, "", "")


def test_a_row_that_comes_before_a_cursor_shifts_nothing(readings: list[BalanceReading]) -> None:
    first = page()
    BalanceReading.objects.create(provider=readings[0].provider, amount=Decimal(100), read_at=NOON)
    second = page(first.next)
    assert second.rows == readings[2:4]
    assert page(second.previous).rows == readings[:2]


def test_a_cursor_of_a_row_that_is_gone_still_has_its_place(
    readings: list[BalanceReading],
) -> None:
    cursor = page().next
    readings[1].delete()
    assert page(cursor).rows == readings[2:4]


@pytest.mark.parametrize("keys", [("-pk",), ("amount", "pk")], ids=str)
def test_a_cursor_of_another_order_is_the_first_page(
    readings: list[BalanceReading], keys: tuple[str, ...]
) -> None:
    assert page(page(keys=keys).next).rows == readings[:2]


@pytest.mark.parametrize("cursor", ["x", "a:b:c", "\0", "9" * 5000], ids=lambda one: repr(one[:9]))
def test_a_cursor_that_is_not_ours_is_the_first_page(
    readings: list[BalanceReading], cursor: str
) -> None:
    assert page(cursor).rows == readings[:2]


@pytest.mark.parametrize("value", [["a", 5, 1], None], ids=repr)
def test_a_cursor_signed_for_something_else_is_the_first_page(
    readings: list[BalanceReading], value: object
) -> None:
    assert page(signing.dumps(value)).rows == readings[:2]


def test_an_empty_list_is_one_page(db: None) -> None:
    for cursor in ("", LAST):
        assert page(cursor) == KeysetPage([], "", "", is_first=True, is_last=True)
