"""A part of the table of restored databases; all: `make failpoints`."""

from __future__ import annotations

import pytest

from .cells import printed_cells
from .ground import ground
from .restored import RESTORE_MODES, restore_cells, walk_restores

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.mark.parametrize("mode", RESTORE_MODES, ids=lambda mode: mode.name)
def test_a_worker_killed_behind_a_restored_database_sends_nothing_twice_and_forgets_nothing(mode):
    chosen = [cell for cell in restore_cells(everything=False) if cell[2] is mode]
    with ground(len(chosen)) as here:
        results = list(walk_restores(chosen, here))
    assert not [result for result in results if result.wrong], printed_cells(results, of="restores")
    assert all(result.reached for result in results)
