"""An order of which the database takes nothing keeps no other of its account from being sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.models import Order
from orders.oldest_work import Late
from orders.sending.send_run import send_queued
from orders.status import Status
from orders.tests.aftersales.test_unwritable_refills import refuse
from orders.watchdog.overdue import standstills
from providers.models import Provider
from tests.builders import NOON, make_order, make_provider, make_service
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.mark.parametrize(
    ("table", "column", "act"),
    [("orders_order", "OLD.id", "UPDATE"), ("orders_orderevent", "NEW.order_id", "INSERT")],
    ids=["its row", "its history"],
)
@pytest.mark.parametrize("code", ["check_violation", "raise_exception"])
def test_one_of_which_nothing_can_be_written_makes_way(
    table: str, column: str, act: str, code: str
) -> None:
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    service = make_service(account)
    made = [make_order(service=service, send_after=NOON) for _ in range(3)]
    first, broken, last = (made[place] for place in (1, 0, 2))
    refuse(table, f"{column} = {broken.pk}", act, code=code)
    there = FakeProvider()
    for turn in range(3):
        provider = Provider.objects.get(pk=account.pk)
        now = NOON + timedelta(minutes=turn)
        send_queued(provider, there, clock=lambda now=now: now, seconds=1)  # type: ignore[misc]  # a moment of this turn
    status = dict(Order.objects.values_list("pk", "status"))
    assert (status[broken.pk], len(there.placed)) == (Status.QUEUED, 2)
    assert {status[first.pk], status[last.pk]} == {Status.PENDING}
    assert Late.ORDER in {one.late for one in standstills(NOON + timedelta(days=1))}
