"""All of the table of refills and cancels."""

from __future__ import annotations

import pytest

from .cells import printed_cells
from .ground import ground
from .requests import request_cells, walk_requests

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def test_a_killed_worker_sends_no_refill_twice_and_forgets_no_request():
    chosen = request_cells()
    with ground(len(chosen)) as here:
        results = list(walk_requests(chosen, here))
    assert not [result for result in results if result.wrong], printed_cells(results, of="requests")
    assert sum(result.reached for result in results) > len(results) * 2 / 3
