"""A set of orders as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.bulk.chosen_orders import NotChosen, read, spelled


def test_runs_are_written_short():
    assert spelled([9, 3, 4, 5, 3]) == "3-5,9"
    assert read("3-5,9", most=4) == [3, 4, 5, 9]


@given(st.sets(st.integers(1, 10**17), min_size=1, max_size=50))
def test_every_set_comes_back(ids: set[int]):
    assert read(spelled(ids), most=50) == sorted(ids)


@pytest.mark.parametrize("text", ["", "a", "5-3", "1-", "1,,2", "1-4", "1-99999999999999999", "٣"])
def test_what_is_no_set_or_too_large_a_one_is_refused(text: str):
    with pytest.raises(NotChosen):
        read(text, most=3)
