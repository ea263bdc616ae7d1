"""What a person types as a number is read as they mean it, or refused; never as another one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from core.regional.amounts import AmountField, amount_in, typed
from core.regional.numbers import STYLES, grouped, shown_as, spelled
from core.templatetags.desk import pointed, rounded, spell_money

POINT, COMMA, SPACE = STYLES


def field() -> AmountField:
    return AmountField(help_text="Empty: never.", required=False, max_digits=30, decimal_places=12)


@pytest.mark.parametrize(
    ("style", "text", "amount"),
    [
        (POINT, "1234.5", "1234.5"),
        (POINT, "1,234.56", "1234.56"),
        (POINT, "1,234,567", "1234567"),
        (POINT, "0.275", "0.275"),
        (POINT, "1.2340", "1.234"),
        (POINT, ".5", "0.5"),
        (POINT, "−2", "-2"),
        (COMMA, "1234,5", "1234.5"),
        (COMMA, "1.234,56", "1234.56"),
        (COMMA, "1.234.567", "1234567"),
        (COMMA, "0,275", "0.275"),
        (COMMA, "1 234,5", "1234.5"),
        (SPACE, "1 234,56", "1234.56"),
        (SPACE, "1\N{NO-BREAK SPACE}234", "1234"),
        (SPACE, "1'234'567", "1234567"),
        (SPACE, "12", "12"),
    ],
)
def test_an_amount_is_read_in_the_style_in_which_it_is_shown(
    style: str, text: str, amount: str
) -> None:
    with shown_as(style):
        assert field().clean(text) == Decimal(amount)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("text", ["1.000", "1,000", "12.345", "-100,500"])
def test_one_or_a_thousand_is_refused_with_both_ways_to_write_it(style: str, text: str) -> None:
    with shown_as(style), pytest.raises(ValidationError) as refused:
        field().clean(text)
    (words,) = refused.value.messages
    ways = words.partition("Write ")[2].removesuffix(".").split(" or ")
    with shown_as(style):
        few, many = sorted(abs(field().clean(way)) for way in ways)
    assert few * 1000 == many


@pytest.mark.parametrize(
    ("style", "text"),
    [
        (POINT, "1,5"),
        (POINT, "1.234,56"),
        (COMMA, "1.5"),
        (COMMA, "1,234.56"),
        (COMMA, "0.275"),
        (SPACE, "1.5"),
        (SPACE, "1.234,5"),
        (POINT, "1 23"),
        (POINT, "1e3"),
        (POINT, "NaN"),
        (POINT, "١٢"),
        (POINT, "1,234 567"),
        (POINT, "."),
    ],
)
def test_what_another_style_writes_is_refused(style: str, text: str) -> None:
    with shown_as(style), pytest.raises(ValidationError, match="Write it like"):
        field().clean(text)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("amount", ["0", "1.234", "1000", "1234567.891", "0.5", "-12.345", "1E+3"])
def test_what_a_form_shows_may_be_sent_back_unchanged(style: str, amount: str) -> None:
    with shown_as(style):
        assert field().clean(typed(Decimal(amount))) == Decimal(amount)
        assert field().clean(field().prepare_value(Decimal(amount))) == Decimal(amount)
        assert field().clean(spelled(Decimal("1234567.5"))) == Decimal("1234567.5")


def test_the_field_says_what_it_expects() -> None:
    said = field()
    assert str(AmountField(sample="2.5").help_text) == "Write it like 2.5."
    assert str(said.help_text) == "Empty: never. Write it like 1234.56."
    with shown_as(COMMA):
        assert str(said.help_text) == "Empty: never. Write it like 1234,56."
        assert str(said.widget.attrs["title"]) == "Write it like 1234,56."


def test_numbers_are_shown_in_the_style_and_in_the_desks_where_nobody_looks() -> None:
    with shown_as(COMMA):
        assert (grouped(1234567), rounded(Decimal("12.25"), 1)) == ("1.234.567", "12,2")
        assert (pointed("0.275"), pointed(Decimal("10.00"))) == ("0,275", "10")
        assert spell_money(Decimal("-1234.5"), "USD") == "−$1.234,50"
    with shown_as(SPACE):
        assert spell_money(Decimal("1234.5"), "EUR") == "€1\N{NO-BREAK SPACE}234,50"
    assert (grouped(1234567), spell_money(Decimal("0.275"), "")) == ("1,234,567", "0.275")


@pytest.mark.parametrize(
    ("written", "style", "ways"),
    [
        ("1,500", "point", "1500 or 1.5"),
        ("1.500", "comma", "1500 or 1,5"),
        ("1.000", "comma", "1000 or 1"),
        ("12.345", "point", "12345 or 12.3450"),
    ],
)
def test_what_can_be_read_in_two_ways_names_both_as_people_write_them(
    written: str, style: str, ways: str
) -> None:
    with shown_as(style), pytest.raises(ValidationError) as refused:
        amount_in(written)
    assert refused.value.messages == [f"{written} can be read in two ways. Write {ways}."]
    for way in ways.split(" or "):
        with shown_as(style):
            amount_in(way)  # which is taken
