"""The end of a mass order and its figures are one thing: no worker's death leaves one without the
other, and what a slow worker has read is never written over what came later."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.db.models import Count, Q, QuerySet
from django.test.utils import CaptureQueriesContext

from core import clocks
from core.clocks import database_now
from orders.mass import mass_order, place_lines
from orders.mass.check_lines import check
from orders.mass.mass_order import start_placing, stop_placing
from orders.mass.place_lines import batches_to_place, place_run
from orders.mass.tasks import check_again
from orders.models import BatchState, Order, OrderBatch
from tests.builders import NOON

from .test_place_lines import make_batch, paste_of, run, started, taken

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATER = NOON + timedelta(seconds=clocks.JOB_LEASE_SECONDS + 1)


class Killed(BaseException):
    """No process goes on after it, and nothing of an open transaction stays."""


def figures(batch: OrderBatch) -> tuple[str, int, int, int]:
    batch.refresh_from_db()
    return batch.state, batch.good, batch.placed, batch.wrong


def test_a_worker_that_is_killed_at_the_end_leaves_it_to_the_next_one(monkeypatch):
    """Else the page offers to place what is placed, and whoever presses is told that no line can
    be: for ever."""
    batch = started(make_batch(paste_of(3)))
    recount = mass_order.recount

    def dies_at_the_end(batch: OrderBatch) -> None:
        if figures(batch)[0] == BatchState.PLACED:
            raise Killed
        recount(batch)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(mass_order, "recount", dies_at_the_end)
        place_run(taken(batch), check_again, clock=lambda: NOON, seconds=60)
    assert figures(batch)[0] == BatchState.PLACING
    assert batches_to_place(LATER) == [batch.pk]
    place_run(taken(batch, LATER), check_again, clock=lambda: LATER, seconds=60)
    assert figures(batch) == (BatchState.PLACED, 0, 3, 0)
    assert Order.objects.count() == 3


def test_a_stop_that_is_cut_off_has_not_stopped_it(monkeypatch):
    batch = started(make_batch(paste_of(2)))

    def dies(batch: OrderBatch) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(mass_order, "recount", dies)
        stop_placing(batch)
    assert figures(batch)[0] == BatchState.PLACING
    assert stop_placing(batch)
    assert figures(batch) == (BatchState.PLACED, 2, 0, 0)


def test_figures_that_an_earlier_release_left_wrong_are_put_right_by_whoever_presses():
    batch = started(make_batch(paste_of(2)))
    run(batch)
    OrderBatch.objects.filter(pk=batch.pk).update(good=2, placed=0)
    assert "No line" in start_placing(batch, by=batch.created_by, again=False, now=NOON)
    assert figures(batch) == (BatchState.PLACED, 0, 2, 0)


def test_what_a_slow_worker_has_found_wrong_is_not_written_over_a_correction():
    """It read the line; then its lease ran out, the batch ended, and a person corrected it."""
    batch = started(make_batch(paste_of(1)))
    service = batch.lines.get().service
    assert service
    type(service).objects.update(gone_at=NOON)
    held = taken(batch)

    def is_slow(lines, row, now):
        checked = check_again(lines, row, now)
        place_run(taken(batch, LATER), check_again, clock=lambda: LATER, seconds=60)
        type(service).objects.update(gone_at=None)
        fixed = batch.lines.get()
        fixed.cells["link"] = "https://right.example"
        check([fixed], batch, person=batch.created_by, now=LATER)
        assert mass_order.fix_lines(batch, [fixed])
        return checked

    place_run(held, is_slow, clock=lambda: NOON, seconds=60)
    line = batch.lines.get()
    assert (line.cells["link"], line.is_good) == ("https://right.example", True)


def test_who_writes_lines_takes_the_batch_before_them():
    """As whoever places one does; else the two wait for each other, and one is broken off."""
    batch = make_batch(paste_of(1))
    with CaptureQueriesContext(connection) as seen:
        mass_order.write_lines(batch, [batch.lines.get()])
    batch_first, line = (
        next(at for at, query in enumerate(seen) if f'UPDATE "{table}"' in query["sql"])
        for table in ("orders_orderbatch", "orders_batchline")
    )
    assert batch_first < line


def test_a_clock_that_is_set_back_does_not_make_a_run_longer(monkeypatch):
    monkeypatch.setattr(place_lines, "CHUNK", 1)
    moments = iter([NOON, *[NOON - timedelta(hours=1)] * 100])
    batch = started(make_batch(paste_of(3)))
    assert place_run(taken(batch), check_again, clock=lambda: next(moments), seconds=0).more
    assert Order.objects.count() == 1


def test_the_page_says_that_nothing_moves_and_when_it_goes_on(client):
    batch = started(make_batch(paste_of(1)))
    client.force_login(batch.created_by)
    address = f"/orders/mass-orders/{batch.pk}/figures/"
    OrderBatch.objects.filter(pk=batch.pk).update(placed_at=database_now())
    assert "Nothing has moved here" not in client.get(address).content.decode()
    ends = database_now() + timedelta(seconds=30)
    OrderBatch.objects.filter(pk=batch.pk).update(holder="lost", held_until=ends)
    page = " ".join(client.get(address).content.decode().split())
    assert re.search(r"the last step was made <time .*</time>. The worker may be lost", page)
    assert re.search(r"Another worker goes on within (39|40) seconds", page)
    run(batch)
    assert "Nothing has moved here" not in client.get(address).content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_an_earlier_look_counted_is_not_written_last(monkeypatch):
    """A worker has counted, and before it writes that down another one refuses all lines."""
    batch, counted = make_batch(paste_of(2)), list[threading.Thread]()

    def refuse() -> None:
        try:
            batch.lines.update(is_good=False)
            mass_order.recount(batch)
        finally:
            connections.close_all()

    def count_slowly(name: str, *, filter: Q) -> Count:
        if not counted:
            counted.append(threading.Thread(target=refuse))
        return Count(name, filter=filter)

    def update_late(rows, **values):
        if counted and not counted[0].ident and "placed" in values:
            counted[0].start()
            counted[0].join(0.3)  # as far as it gets beside us
        return update(rows, **values)

    update = QuerySet.update
    monkeypatch.setattr(mass_order, "Count", count_slowly)
    monkeypatch.setattr(QuerySet, "update", update_late)
    mass_order.recount(batch)
    counted[0].join(20)
    assert figures(batch) == (BatchState.CHECKED, 0, 0, 2)
