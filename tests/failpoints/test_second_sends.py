"""A part of the table of second sends behind a restored database; all: `make failpoints`."""

from __future__ import annotations

import pytest

from .cells import printed_cells
from .ground import ground
from .second_sends import (
    FIRST_MODES,
    SECOND_MODES,
    SECOND_PLACES,
    Work,
    second_cells,
    walk_seconds,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.mark.long  # twenty workers are killed
@pytest.mark.parametrize("work", Work, ids=lambda work: work.value)
def test_what_was_sent_twice_is_sent_no_third_time_by_a_restored_database(work: Work) -> None:
    chosen = [cell for cell in second_cells(everything=False) if cell.work is work]
    with ground(len(chosen)) as here:
        results = list(walk_seconds(chosen, here))
    wrong = [result for result in results if result.wrong]
    assert not wrong, printed_cells(results, of="second sends")
    assert all(result.reached for result in results)


def test_the_part_of_second_sends_has_each_place_and_provider() -> None:
    chosen = second_cells(everything=False)
    assert {(cell.work, cell.place) for cell in chosen} == set(SECOND_PLACES)
    assert {(cell.first, cell.then) for cell in chosen} == {
        (first, then) for first in FIRST_MODES for then in SECOND_MODES
    }
