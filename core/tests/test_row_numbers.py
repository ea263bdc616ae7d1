"""What may be asked of a column of numbers."""

from __future__ import annotations

import pytest

from core.rows.numbers import row_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("007", 7),
        (7, 7),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("", None),
        ("-7", None),
        ("7.0", None),
        (" 7", None),
        ("٧", None),  # digits of another script
        ("²", None),
        (None, None),
    ],
)
def test_plain_digits_are_a_number_and_nothing_else_is(text: object, number: int | None) -> None:
    assert row_number(text) == number
