"""One bad row never ends a loop over all."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from core.rows.loops import MOST_AWAY, MOST_BROKEN, in_halves, one_by_one

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


def test_what_is_broken_is_found_in_halves_and_all_else_is_done(caplog):
    done, tries = [], []

    def act(some):
        tries.append(some)
        if {3, 70} & set(some):
            raise ValueError("broken")
        done.extend(some)

    assert in_halves(range(100), act, what="rows") == [3, 70]
    assert sorted(done) == [row for row in range(100) if row not in (3, 70)]
    assert len(tries) < 30
    assert "rows: 3 is broken" in caplog.text
    assert in_halves([], act, what="rows") == []


@pytest.mark.parametrize("error", [OperationalError("gone"), KeyError("no longer ours")])
def test_what_is_no_fault_of_a_row_ends_the_halving_at_once(error):
    tries = []

    def act(some):
        tries.append(some)
        raise error

    with pytest.raises(type(error)):
        in_halves(range(100), act, what="rows", ends=(KeyError,))
    assert len(tries) == 1


def test_what_breaks_with_every_row_is_no_fault_of_a_row():
    alone: list[int] = []

    def act(some):
        alone.extend(some if len(some) == 1 else ())
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        in_halves(range(4 * MOST_BROKEN), act, what="rows")
    assert len(alone) == MOST_BROKEN + 1
