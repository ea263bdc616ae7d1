"""A provider's own list beside a send that the journal of another machine gave back: its row is
newer than the lost order's, and it was sent before it."""

from __future__ import annotations

import pytest

from orders.models import Attempt, Order
from orders.recovery.search.list_trust import read_list
from orders.status import Outcome, Resolution, Status
from providers.connect import client_for

from .bench import GRACE, Bench
from .test_lists_over_http import FIRST, SECOND, Rows, bench_at, box, lists, read

__all__ = ["box"]
pytestmark = [pytest.mark.django_db, pytest.mark.services]


def give_back(bench: Bench, order: Order) -> Attempt:
    """The database had forgotten this send, and a machine that had it brought it in just now."""
    forgotten = order.attempts.get()
    started_at = forgotten.started_at
    forgotten.delete()
    row = Attempt.recalled(order, started_at, now=bench.clock(), reason="Given back.")
    row.outcome, row.code, row.external_id = Outcome.ACCEPTED, "", order.external_id
    row.save()
    return row


def test_an_order_that_the_list_shows_late_is_not_shown_not_to_be_there(box, monkeypatch):
    """What stands before the send that was given back was taken for sent after it, and the lost
    order for proven absent: *Send again* would have bought it a second time."""
    bench = bench_at(box)
    before = bench.send()
    old, shown = client_for(bench.provider).recent_orders(), list[Rows]()
    lost = bench.lose(taken=True)
    number = bench.upstream()[-1]
    lists(monkeypatch, lambda rows: shown[-1] if shown else rows)
    shown.append(old)
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    give_back(bench, before)
    bench.send()
    shown.clear()
    for _ in range(4):
        bench.recover(after=31)
    order, attempt = read(lost)
    assert (order.status, order.external_id) == (Status.PENDING, number)
    assert attempt.resolution == Resolution.LISTING


def test_it_does_not_show_that_the_list_is_fresh(box):
    bench = bench_at(box)
    before = bench.send()
    lost = bench.lose(taken=False)
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    given_back = give_back(bench, before)
    listed = read_list([bench.provider.pk], client_for(bench.provider).recent_orders())
    assert not listed.is_fresh(read(lost)[1], bench.rules())
    assert listed.rows_for(given_back, bench.rules()) is None
