"""A part of the failpoint matrix with each place and each provider mode; all: `make failpoints`."""

from __future__ import annotations

import pytest

from core.failpoints import POINTS

from .clock_steps import STEP_MODES, STEPS, printed_steps, step_cells, walk_steps
from .ground import ground
from .lists import LIST_PLACES, LIST_STRIDE, Look, list_cells, printed_lists, walk_lists
from .modes import MODES
from .places import IN_THE_CLIENT, PLACES
from .requests import REQUEST_PLACES, printed_requests, request_cells, walk_requests
from .restored import (
    RESTORE_MODES,
    RESTORE_PLACES,
    printed_restores,
    restore_cells,
    walk_restores,
)
from .table import cells, printed, walk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def test_a_killed_worker_leaves_nothing_that_is_not_put_right():
    chosen = cells(everything=False)
    with ground(len(chosen)) as here:
        results = list(walk(chosen, here))
    assert not [result for result in results if result.wrong], printed(results)
    assert sum(result.reached for result in results) > len(results) * 2 / 3


def test_a_killed_worker_sends_no_refill_twice_and_forgets_no_request():
    chosen = request_cells()
    with ground(len(chosen)) as here:
        results = list(walk_requests(chosen, here))
    assert not [result for result in results if result.wrong], printed_requests(results)
    assert sum(result.reached for result in results) > len(results) * 2 / 3


@pytest.mark.parametrize("dies", [False, True], ids=["lives", "dies"])
def test_a_clock_that_is_set_during_a_send_sends_nothing_twice_and_holds_nothing_up(dies):
    chosen = [step for step in step_cells(everything=False) if step.dies is dies]
    with ground(len(chosen)) as here:
        results = list(walk_steps(chosen, here))
    assert not [result for result in results if result.wrong], printed_steps(results)
    assert all(result.reached for result in results)


@pytest.mark.parametrize("look", Look)
def test_a_worker_killed_over_a_list_of_orders_links_and_excludes_as_the_provider_has_it(look):
    chosen = [cell for cell in list_cells() if cell[0] is look][::LIST_STRIDE]
    with ground(len(chosen)) as here:
        results = list(walk_lists(chosen, here))
    assert not [result for result in results if result.wrong], printed_lists(results)
    assert any(result.reached for result in results)


@pytest.mark.parametrize("mode", RESTORE_MODES, ids=lambda mode: mode.name)
def test_a_worker_killed_behind_a_restored_database_sends_nothing_twice_and_forgets_nothing(mode):
    chosen = [cell for cell in restore_cells(everything=False) if cell[2] is mode]
    with ground(len(chosen)) as here:
        results = list(walk_restores(chosen, here))
    assert not [result for result in results if result.wrong], printed_restores(results)
    assert all(result.reached for result in results)


def test_every_failpoint_has_its_column_and_every_way_of_a_provider_its_row():
    names = [place.name for place in PLACES]
    of_requests = {place.name for place in REQUEST_PLACES}
    of_lists = {place.name for _, place in LIST_PLACES}
    of_restores = {place.name for _, place in RESTORE_PLACES}
    assert set(names) | of_requests | of_lists | of_restores == POINTS | IN_THE_CLIENT
    assert len(names) == len(set(names)) >= 14
    assert len({mode.name for mode in MODES}) == len(MODES) >= 16


def test_the_part_has_each_place_and_each_provider():
    chosen = cells(everything=False)
    assert {place.name for place, _ in chosen} == {p.name for p, _ in cells(everything=True)}
    assert {mode for _, mode in chosen} == set(MODES)


def test_the_part_of_clock_steps_has_each_place_step_fate_and_provider():
    chosen = step_cells(everything=False)
    assert {step.place for step in chosen} == set(PLACES)
    assert {(step.seconds, step.dies) for step in chosen} == {
        (seconds, dies) for seconds in STEPS for dies in (False, True)
    }
    assert {step.mode for step in chosen} == set(STEP_MODES)
