"""One round: as many orders as workers, each recorded by its worker while reapers take it for lost.

The moment on the wall is handed in and is past every lease from the beginning, so that the two
truly meet; who comes first is left to the database. In every other round somebody else holds what
both have to write, as a long transaction beside them would.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import cycle

from django.db import connections, transaction

from core import clocks
from orders.models import Attempt, Order
from orders.sending import halts, invariants, record_outcome, sweep_due
from orders.sending.outcome import SendOutcome
from orders.status import Flag, Outcome, Status
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service

WORKERS, REAPERS = 8, 2
LATER = NOON + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1)
HELD_SECONDS = 0.04

ENDS: dict[Outcome, tuple[Status, ...]] = {
    Outcome.ACCEPTED: (Status.PENDING,),
    Outcome.NOT_SENT: (Status.QUEUED, Status.NOT_PLACED),
    Outcome.REJECTED: (Status.REJECTED,),
    Outcome.UNKNOWN: (Status.UNCONFIRMED,),
}


@dataclass(slots=True)
class Tally:
    """`raced` are orders whose reaper came before their answer; `broken` tells of each that ended
    wrongly what is wrong. `out_of_step` are for the sweep of the invariants."""

    orders: int = 0
    raced: int = 0
    out_of_step: int = 0
    broken: dict[int, list[str]] = field(default_factory=dict)


def hammer(orders: int, *, seed: int = 0) -> Tally:
    """So many orders, in rounds. What ended wrongly is told order by order."""
    tally, chance = Tally(), random.Random(seed)
    ends = cycle(ENDS)
    while tally.orders < orders:
        number = min(WORKERS, orders - tally.orders)
        rows = [_claimed(next(ends), tally.orders + one) for one in range(number)]
        held = (tally.orders // WORKERS) % 2 == 1
        _round(rows, chance, held=held)
        for attempt, wanted in rows:
            _check(attempt, wanted, tally)
        tally.orders += number
    tally.out_of_step = out_of_step()
    return tally


def out_of_step() -> int:
    """How many the desk's own sweep puts right or tells a person of, over all of its parts."""
    assert not halts.may_be_another_database(LATER), "the sweep would look at nothing"
    newest = Order.objects.latest("pk").pk
    every = timedelta(seconds=clocks.INVARIANTS_EVERY_SECONDS)
    turns = range(newest // invariants.WINDOW + 1)
    put_right = sum(invariants.check_orders(now=LATER + every * turn) for turn in turns)
    return put_right + Order.objects.filter(flag=Flag.OUT_OF_STEP).count()


def _claimed(outcome: Outcome, number: int) -> tuple[Attempt, SendOutcome]:
    """An order in the hands of its worker, and what that is about to record."""
    order = make_order(Status.SENDING, service=make_service(make_provider()))
    attempt = make_attempt(order, started_at=NOON)
    to = ENDS[outcome][0]
    accepted = str(700_000 + number) if outcome == Outcome.ACCEPTED else ""
    return attempt, SendOutcome(outcome, to, "As it was heard.", external_id=accepted)


def _round(rows: list[tuple[Attempt, SendOutcome]], chance: random.Random, *, held: bool) -> None:
    waits = [chance.random() * 0.01 for _ in range(len(rows) + REAPERS)]
    acts: list[Callable[[], object]] = [
        partial(record_outcome.record, *row, now=LATER) for row in rows
    ]
    acts += [lambda: sweep_due.reap_lost_sends(now=LATER)] * REAPERS
    barrier = threading.Barrier(len(acts))

    def run(number: int) -> None:
        try:
            barrier.wait()
            time.sleep(waits[number])
            acts[number]()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool, _held_by_another(rows, held=held):
        list(pool.map(run, range(len(acts))))


@contextmanager
def _held_by_another(rows: list[tuple[Attempt, SendOutcome]], *, held: bool) -> Iterator[None]:
    """Somebody else's write lock: on the orders of this round, in SQLite on all there is."""
    if not held:
        yield
        return
    holds = threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                keys = [attempt.order_id for attempt, _ in rows]
                Order.objects.filter(pk__in=keys).update(note="Somebody else writes.")
                holds.set()
                time.sleep(HELD_SECONDS)
        finally:
            connections.close_all()

    other = threading.Thread(target=hold)
    other.start()
    holds.wait(clocks.SQLITE_BUSY_SECONDS)
    yield
    other.join()


def _check(attempt: Attempt, heard: SendOutcome, tally: Tally) -> None:
    order = Order.objects.get(pk=attempt.order_id)
    row = order.attempts.get()
    tally.raced += order.events.filter(after=Status.UNCONFIRMED).exists()
    wrong = []
    if row.outcome != heard.outcome or order.status not in ENDS[heard.outcome]:
        wrong.append(f"heard {heard.outcome}, attempt {row.outcome}, order {order.status}")
    if order.external_id != heard.external_id or row.external_id != heard.external_id:
        wrong.append(f"id {heard.external_id!r}: {row.external_id!r}, {order.external_id!r}")
    if hasattr(order, "poll_schedule") != (heard.outcome == Outcome.ACCEPTED):
        wrong.append("it is followed and should not be, or the other way round")
    if order.flag != Flag.NONE or row.late:
        wrong.append(f"flagged {order.flag!r}, late {row.late}")
    if wrong:
        tally.broken[order.pk] = wrong
