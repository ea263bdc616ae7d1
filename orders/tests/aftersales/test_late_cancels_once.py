"""The late cancels of an account are looked through once a round, however many they are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.models import CancelRequest, Order
from orders.oldest_work import Late, add_oldest_cancels, with_oldest
from orders.status import CancelStatus, Status
from orders.watchdog.overdue import standstills
from tests.builders import NOON, make_cancel
from tests.query_counts import queries_of
from tests.query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATE = NOON + timedelta(days=1)
JOINED = 'JOIN "orders_pollschedule"'


@pytest.fixture
def late_cancels(many_orders: None) -> list[CancelRequest]:
    orders = Order.objects.filter(status=Status.IN_PROGRESS).order_by("pk")[:50]
    return [make_cancel(order=order, due_at=NOON) for order in orders]


def test_late_cancels_are_joined_with_their_schedules_once(
    late_cancels: list[CancelRequest],
) -> None:
    (accounts,) = queries_of(lambda: list(with_oldest(LATE)))
    assert accounts.count(JOINED) == 1, "each of them is read as often"
    everything = queries_of(lambda: standstills(LATE))
    (rest,) = (sql for sql in everything if JOINED in sql and sql != accounts)
    assert '"orders_cancelrequest"."id" IN (' in rest
    assert scans_of(lambda: standstills(LATE)) == []
    told = [one.order_id for one in standstills(LATE) if one.late is Late.CANCEL]
    assert told == [late_cancels[0].order_id]


def test_one_that_has_gone_on_meanwhile_is_not_told(late_cancels: list[CancelRequest]) -> None:
    accounts = list(with_oldest(LATE))
    CancelRequest.objects.filter(pk=late_cancels[0].pk).update(status=CancelStatus.ACCEPTED)
    add_oldest_cancels(accounts, LATE)
    assert {account.cancel_since for account in accounts} == {None}
