"""A part of the table of lists; all: `make failpoints`."""

from __future__ import annotations

import pytest

from .cells import printed_cells
from .ground import ground
from .lists import LIST_STRIDE, Look, list_cells, walk_lists

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.mark.parametrize("look", Look)
def test_a_worker_killed_over_a_list_of_orders_links_and_excludes_as_the_provider_has_it(look):
    chosen = [cell for cell in list_cells() if cell[0] is look][::LIST_STRIDE]
    with ground(len(chosen)) as here:
        results = list(walk_lists(chosen, here))
    assert not [result for result in results if result.wrong], printed_cells(results, of="lists")
    assert any(result.reached for result in results)
