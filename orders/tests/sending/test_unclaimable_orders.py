"""An order of which the database takes nothing keeps no other of its account from being sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.models import Order
from orders.oldest_work import Late
from orders.sending.send_run import send_queued
from orders.status import Outcome, Status
from orders.tests.aftersales.test_unwritable_refills import refuse
from orders.watchdog.overdue import standstills
from providers.models import Provider
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service
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


@pytest.mark.parametrize("is_overtaken", [True, False])
def test_the_watchdog_tells_of_it_also_while_others_are_sent(is_overtaken: bool) -> None:
    """A long queue that moves does not stand still; one that was overtaken does."""
    service = make_service(make_provider())
    waits = make_order(service=service, send_after=NOON)
    due = NOON + timedelta(minutes=9 if is_overtaken else -1)
    sent = make_order(Status.PENDING, service=service, send_after=due)
    now = NOON + timedelta(minutes=10)
    make_attempt(sent, outcome=Outcome.ACCEPTED, started_at=now - timedelta(seconds=20))
    late = {one.order_id for one in standstills(now) if one.late is Late.ORDER}
    assert late == ({waits.pk} if is_overtaken else set())


def test_one_that_was_put_off_has_overtaken_nobody() -> None:
    """It was tried, and not sent: those before it wait for the account."""
    service = make_service(make_provider())
    make_order(service=service, send_after=NOON)
    now = NOON + timedelta(minutes=10)
    again = make_order(service=service, send_after=now + timedelta(seconds=30))
    make_attempt(again, outcome=Outcome.NOT_SENT, started_at=now - timedelta(seconds=20))
    assert not [one for one in standstills(now) if one.late is Late.ORDER]
