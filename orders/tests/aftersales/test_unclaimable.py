"""A refill or cancel whose row the database does not let anybody claim."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orders.aftersales import runs
from orders.oldest_work import Late
from orders.status import CancelStatus, RefillStatus, Status
from orders.tests.aftersales.test_send_requests import FakeDesk, fresh
from orders.tests.aftersales.test_unwritable_refills import refuse
from orders.watchdog.overdue import standstills
from tests.builders import NOON, make_cancel, make_order, make_provider, make_refill, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.mark.parametrize("size", [100, 1], ids=["in one call", "one by one"])
@pytest.mark.parametrize("make", [make_refill, make_cancel])
def test_one_that_cannot_be_claimed_keeps_no_other_from_being_sent(
    make: Callable[..., Any], size: int
) -> None:
    status = Status.COMPLETED if make is make_refill else Status.PENDING
    service = make_service(
        make_provider(calls_per_minute=60_000, batch_size=size), refill=True, cancel=True
    )
    first, broken, last = (make(order=make_order(status, service=service)) for _ in range(3))
    refuse(broken._meta.db_table, f"OLD.id = {broken.pk}")
    desk = FakeDesk()
    account = fresh(broken.provider)
    for _ in range(4):
        runs.send_requests(account, desk, clock=lambda: NOON, seconds=0)
    sent = [first.order.external_id, last.order.external_id]
    assert [one for _, ids in desk.calls for one in ids] == sent
    assert len(desk.calls) == (1 if size > 1 else 2)
    done = {RefillStatus.PENDING, CancelStatus.ACCEPTED}
    for row in (first, broken, last):
        row.refresh_from_db()
    assert {first.status, last.status} <= done and first.requests == last.requests == 1
    assert broken.status == "queued" and not broken.requests
    late = Late.REFILL if make is make_refill else Late.CANCEL
    assert late in {one.late for one in standstills(NOON + timedelta(days=1))}
