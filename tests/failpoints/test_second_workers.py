"""All of the table of second workers beside one that stands still."""

from __future__ import annotations

import pytest

from orders.status import Write

from .cells import printed_cells
from .ground import ground
from .requests import WRITES
from .second_workers import second_worker_cells, walk_second_workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.value)
def test_a_worker_that_stands_still_beside_a_second_one_sends_nothing_unasked(write: Write) -> None:
    chosen = [cell for cell in second_worker_cells() if cell[0] is write]
    with ground(len(chosen)) as here:
        results = list(walk_second_workers(chosen, here))
    wrong = [result for result in results if result.wrong]
    assert not wrong, printed_cells(results, of="second workers")
    assert all(result.reached for result in results)
