"""A part of the table of clocks: each place, step, fate and provider; all: `make failpoints`."""

from __future__ import annotations

import pytest

from .clock_steps import STEP_MODES, STEPS, printed_steps, step_cells, walk_steps
from .ground import ground
from .places import PLACES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.mark.parametrize("dies", [False, True], ids=["lives", "dies"])
def test_a_clock_that_is_set_during_a_send_sends_nothing_twice_and_holds_nothing_up(dies):
    chosen = [step for step in step_cells(everything=False) if step.dies is dies]
    with ground(len(chosen)) as here:
        results = list(walk_steps(chosen, here))
    assert not [result for result in results if result.wrong], printed_steps(results)
    assert all(result.reached for result in results)


def test_the_part_of_clock_steps_has_each_place_step_fate_and_provider():
    chosen = step_cells(everything=False)
    assert {step.place for step in chosen} == set(PLACES)
    assert {(step.seconds, step.dies) for step in chosen} == {
        (seconds, dies) for seconds in STEPS for dies in (False, True)
    }
    assert {step.mode for step in chosen} == set(STEP_MODES)
