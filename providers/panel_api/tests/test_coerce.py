"""Numbers, amounts, flags and ids, from whatever a provider writes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.panel_api.answers import coerce
from providers.panel_api.answers.strict_json import NotJson, parse

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.decimals(),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.text()),
    st.text("0123456789.,' eE+-_$NaInf\u0661\uff17", max_size=12),
)


@given(ANYTHING)
def test_nothing_makes_a_coercer_fail(value: Any) -> None:
    whole, money = coerce.whole(value), coerce.money(value)
    assert whole is None or 0 <= whole < 10**18
    assert money is None or (money.is_finite() and abs(money) < 10**15)
    assert money is None or -money.as_tuple().exponent <= 12  # type: ignore[operator]
    assert coerce.flag(value) in (True, False, None)
    text = coerce.text(value, 10)
    assert len(text) <= 10
    assert "\x00" not in text
    text.encode()


@given(ANYTHING)
def test_an_id_is_short_ascii_or_nothing(value: Any) -> None:
    found = coerce.issued_id(value)
    assert found is None or (found.isascii() and 1 <= len(found) <= 64 and found[0] != "-")
    assert found is None or not isinstance(value, bool)


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=12, allow_nan=False))
def test_money_keeps_every_digit(amount: Decimal) -> None:
    assert coerce.money(f"{amount:f}") == amount
    assert coerce.money(parse(f"{amount:f}")) == amount
    assert coerce.money(f"{amount:,f}") in (amount, None)
    assert coerce.money(f"{amount:,f}", decimal_mark=".") == amount


@given(st.integers(0, 10**15 - 1))
def test_counts_survive_their_spellings(count: int) -> None:
    for spelling in (count, str(count), f"{count:,}", f"{count}.0", Decimal(count), f" {count} "):
        assert coerce.whole(spelling) == count


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1'234.56", "1234.56"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("12,34", "12.34"),
        ("0,85", "0.85"),
        ("0,123", "0.123"),
        ("1,2345", "1.2345"),
        ("1.234", "1.234"),
        ("$1,234.50 USD", "1234.50"),
        ("€ 5", "5"),
        ("5 RUB", "5"),
        ("-3.5", "-3.5"),
        ("8.0E-5", "0.00008"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("1,234", None),
        ("12,345", None),
        ("1,23,456", None),
        ("1,234,56", None),
        ("1.2.3", None),
        ("", None),
        ("N/A", None),
        ("Unknown", None),
        ("NaN", None),
        ("Infinity", None),
        ("1e999", None),
        ("١٢", None),
        ("１２", None),
        ("1_000", None),
        ("+5", None),
        ("0x10", None),
        ("--5", None),
        ("5-", None),
        ("1 2", None),
        ("9" * 16, None),
        ("1" * 1000, None),
    ],
)
def test_money_is_read_where_it_means_one_thing(written: str, means: str | None) -> None:
    assert coerce.money(written) == (None if means is None else Decimal(means))


def test_a_decimal_mark_settles_the_rest() -> None:
    assert coerce.money("1,234", decimal_mark=".") == 1234
    assert coerce.money("1,234", decimal_mark=",") == Decimal("1.234")
    assert coerce.money("1.234", decimal_mark=",") == 1234
    assert coerce.money("1,23,4", decimal_mark=".") is None


def test_thirteen_places_are_rounded_to_twelve() -> None:
    assert coerce.money("0.0000000000015") == Decimal("0.000000000002")
    assert coerce.money(Decimal("1E+3")) == 1000


@pytest.mark.parametrize(
    ("said", "means"),
    [
        (True, True),
        (0, False),
        ("1", True),
        ("0", False),
        ("Yes", True),
        ("No", False),
        ("30 days", True),
        ("Lifetime", True),
        ("", None),
        (None, None),
        ("perhaps", None),
        (2, None),
        ([], None),
    ],
)
def test_flags(said: Any, means: bool | None) -> None:
    assert coerce.flag(said) is means


@given(st.text())
def test_parsing_ends_in_a_value_or_in_not_json(text: str) -> None:
    try:
        parse(text)
    except NotJson as error:
        assert str(error)
