"""A part of the failpoint matrix with each place and each provider mode; all: `make failpoints`."""

from __future__ import annotations

import pytest

from core.failpoints import POINTS

from .ground import ground
from .lists import LIST_PLACES
from .modes import MODES
from .places import IN_THE_CLIENT, PLACES
from .requests import REQUEST_PLACES
from .restored import RESTORE_PLACES
from .second_sends import SECOND_PLACES
from .table import cells, printed, walk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def test_a_killed_worker_leaves_nothing_that_is_not_put_right():
    chosen = cells(everything=False)
    with ground(len(chosen)) as here:
        results = list(walk(chosen, here))
    assert not [result for result in results if result.wrong], printed(results)
    assert sum(result.reached for result in results) > len(results) * 2 / 3


def test_every_failpoint_has_its_column_and_every_way_of_a_provider_its_row():
    names = [place.name for place in PLACES]
    of_requests = {place.name for place in REQUEST_PLACES}
    of_lists = {place.name for _, place in LIST_PLACES}
    of_restores = {place.name for _, place in RESTORE_PLACES}
    of_second_sends = {place.name for _, place in SECOND_PLACES}
    others = of_requests | of_lists | of_restores | of_second_sends
    assert set(names) | others == POINTS | IN_THE_CLIENT
    assert len(names) == len(set(names)) >= 14
    assert len({mode.name for mode in MODES}) == len(MODES) >= 16


def test_the_part_has_each_place_and_each_provider():
    chosen = cells(everything=False)
    assert {place.name for place, _ in chosen} == {p.name for p, _ in cells(everything=True)}
    assert {mode for _, mode in chosen} == set(MODES)
