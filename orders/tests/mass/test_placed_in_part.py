"""A mass order of which some lines were not placed is not shown as one that was."""

from __future__ import annotations

from typing import Any

import pytest

from core.roles import Role
from orders.models import BatchState, OrderBatch
from tests.builders import make_batch, make_batch_line, make_order
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_what_was_placed_in_part_names_the_lines_that_were_not(client_for_role: Any) -> None:
    batch = make_batch(state=BatchState.PLACED, total=3, placed=1, good=1)
    make_batch_line(batch=batch, number=2, order=make_order())
    for number, is_good in ((5, True), (9, False)):
        make_batch_line(batch=batch, number=number, is_good=is_good)
    manager = client_for_role(Role.MANAGER)
    page = one_line(manager.get(f"/orders/mass-orders/{batch.pk}/").content.decode())
    assert "</span>Placed in part<" in page and "bar-orange" in page
    assert "1 placed, 2 left as they are: lines 5, 9" in page
    OrderBatch.objects.update(good=0, left_out=2)
    page = one_line(manager.get(f"/orders/mass-orders/{batch.pk}/").content.decode())
    assert "</span>Placed<" in page and "left as" not in page
