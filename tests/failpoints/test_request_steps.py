"""A part of the table of clocks for refills and cancels; all: `make failpoints`."""

from __future__ import annotations

from itertools import product

import pytest

from orders.status import Write

from .cells import printed_cells
from .clock_steps import STEPS
from .ground import ground
from .request_steps import STEP_MODES, STEP_PLACES, request_step_cells, walk_request_steps
from .requests import WRITES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.value)
def test_a_clock_that_is_set_during_a_request_sends_it_no_second_time(
    write: Write,
) -> None:
    chosen = [cell for cell in request_step_cells(everything=False) if cell[0] is write]
    with ground(len(chosen)) as here:
        results = list(walk_request_steps(chosen, here))
    wrong = [result for result in results if result.wrong]
    assert not wrong, printed_cells(results, of="clock steps of requests")
    assert all(result.reached for result in results)


def test_the_part_has_each_write_place_step_fate_and_provider() -> None:
    writes, places, steps, fates, modes = zip(*request_step_cells(everything=False), strict=True)
    assert set(writes) == set(WRITES) and set(places) == set(STEP_PLACES)
    assert {*zip(steps, fates, strict=True)} == {*product(STEPS, (False, True))}
    assert set(modes) == set(STEP_MODES)
