"""One bad row never ends a loop over all."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from core.rows.loops import MOST_AWAY, one_by_one

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_a_broken_row_is_left_and_the_others_have_their_turn(caplog):
    seen = []

    def act(row: int) -> bool:
        seen.append(row)
        if row == 2:
            raise ValueError("broken")
        return row != 3

    assert one_by_one([1, 2, 3, 4], act, what="rows") == 2
    assert seen == [1, 2, 3, 4]
    assert "rows: 2 is broken" in caplog.text


def test_a_database_that_is_away_ends_the_loop_with_its_error():
    seen = []

    def act(row: int) -> bool:
        seen.append(row)
        raise OperationalError("gone")

    with pytest.raises(OperationalError):
        one_by_one(range(100), act, what="rows")
    assert len(seen) == MOST_AWAY


def test_a_row_that_is_locked_now_and_then_ends_nothing():
    def act(row: int) -> bool:
        if row % MOST_AWAY:
            raise OperationalError("locked")
        return True

    assert one_by_one(range(3 * MOST_AWAY), act, what="rows") == 3
