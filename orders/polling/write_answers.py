"""What one answer of a provider changes, collected and then written at once."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from core import clocks
from core.rows.bulk import add_rows, read_by_key, write_columns, write_same

from .. import charges
from ..charges import Moved
from ..models import Order, OrderEvent, PollSchedule
from ..models.spend import recount
from . import plausibility
from .child_orders import Family
from .poll_schedule import DueSchedule, next_check_in

PROGRESS_COLUMNS = (
    "status",
    "raw_status",
    "charge",
    "start_count",
    "remains",
    "flag",
    "refund",
    "changed_at",
    "ended_at",
)
# Most answers bring new figures only; no index holds one of these columns.
FIGURE_COLUMNS = ("raw_status", "charge", "start_count", "remains", "changed_at")
READ_COLUMNS = (*PROGRESS_COLUMNS[:7], *plausibility.READ_BY_ALL)
SCHEDULE_COLUMNS = (
    "next_at",
    "changed_at",
    "failures",
    "batch_cap",
    "checked_at",
    "looked_at",
    "last_answer",
)


_jitter = partial(random.uniform, 0.9, 1.1)


@dataclass(slots=True)
class Writes:
    """What is heard `now` to a question of `asked_at`. `jitter` is the same for the whole batch, so
    that orders asked about together stay together. `asked` has each order's schedule as it was when
    it was asked about, `as_read` its status and flag before its answer; `unchanged` holds orders by
    how long to leave them alone, `pulled` when those are due that were given another time since."""

    now: datetime
    asked_at: datetime
    asked: dict[int, DueSchedule]
    as_read: dict[int, tuple[str, str]] = field(default_factory=dict)
    jitter: float = field(default_factory=_jitter)
    orders: list[tuple[Any, ...]] = field(default_factory=list)
    figures: list[tuple[Any, ...]] = field(default_factory=list)
    schedules: list[tuple[Any, ...]] = field(default_factory=list)
    unchanged: dict[timedelta, list[int]] = field(default_factory=partial(defaultdict, list))
    events: list[OrderEvent] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    families: list[Family] = field(default_factory=list)
    charges: list[Moved] = field(default_factory=list)
    pulled: dict[int, datetime] = field(default_factory=dict)
    overtaken: int = 0

    def note_figures(self, order: Order) -> None:
        """Write new figures of an order that stays where it is."""
        order.changed_at = self.now
        columns = (getattr(order, name) for name in FIGURE_COLUMNS)
        self.figures.append((*columns, order.pk, order.status))

    def change(self, order: Order, before: str) -> None:
        """Write the order's columns unless its status is no longer `before`."""
        order.changed_at = self.now
        order.ended_at = self.now if order.is_final else None
        columns = (getattr(order, name) for name in PROGRESS_COLUMNS)
        self.orders.append((*columns, order.pk, before))

    def ask_again(self, schedule: DueSchedule) -> None:
        """After the answer of last time: only the next time is new."""
        self.unchanged[next_check_in(self.now - schedule.changed_at)].append(schedule.order_id)

    def answered(self, order_id: int, changed_at: datetime, last_answer: str) -> None:
        """After another answer that could be read."""
        due = self.now + next_check_in(self.now - changed_at) * self.jitter
        self.schedules.append(
            (due, changed_at, 0, 0, self.now, self.asked_at, last_answer, order_id)
        )

    def unreadable(self, schedule: DueSchedule, failures: int) -> None:
        """After an answer that could not be read: alone and less often. It was no look."""
        steps = clocks.BREAKER_SECONDS
        due = self.now + timedelta(seconds=steps[min(failures, len(steps)) - 1])
        counts = min(failures, 1000), 1
        seen = self.now, schedule.looked_at, ""
        self.schedules.append((due, schedule.changed_at, *counts, *seen, schedule.order_id))

    def drop_overtaken(self) -> None:
        """Forget about orders that somebody else has moved, flagged or heard of since they were
        read, or that have another id by now; they stay due, so that their answer is heard again."""
        wanted = {entry[-2] for entry in (*self.orders, *self.figures)} | set(self.ended)
        rows = read_by_key(
            Order, ("id", "status", "flag", "external_id"), sorted(wanted), lock=True
        )
        found = {pk: (status, flag) for pk, status, flag, _ in rows}
        renamed = {pk for pk, *_, one in rows if one != self.asked[pk].external_id}
        lost = {pk for pk in wanted if found.get(pk) != self.as_read[pk]} | renamed
        lost |= self._asked_since()
        self.overtaken = len(lost - renamed)  # `sending/invariants.py` gives a schedule its id
        if lost:
            self.orders = [entry for entry in self.orders if entry[-2] not in lost]
            self.figures = [entry for entry in self.figures if entry[-2] not in lost]
            self.schedules = [entry for entry in self.schedules if entry[-1] not in lost]
            self.events = [event for event in self.events if event.order_id not in lost]
            self.ended = [pk for pk in self.ended if pk not in lost]
            self.families = [family for family in self.families if family[0] not in lost]
            self.charges = [moved for moved in self.charges if moved.order.pk not in lost]
            for wait, order_ids in self.unchanged.items():
                self.unchanged[wait] = [pk for pk in order_ids if pk not in lost]

    def _asked_since(self) -> set[int]:
        """Whose newer answer another worker has written: this one stood still with an older one,
        until its lease had run out. After the orders are held: whoever writes an order and its
        schedule holds the order first. An order without a schedule has ended, or been moved, which
        its status tells."""
        columns = ("order_id", "next_at", "external_id", "checked_at")
        rows = read_by_key(PollSchedule, columns, sorted(self.asked), lock=True)
        asked = {pk: (one.external_id, one.checked_at) for pk, one in self.asked.items()}
        self.pulled = {pk: due for pk, due, *_ in rows if due != self.asked[pk].next_at}
        return {pk for pk, _, *heard in rows if tuple(heard) != asked[pk]}

    def write(self) -> None:
        """Everything but the families. In a transaction, which looks for what was overtaken first,
        so that history never tells of a change that was not made."""
        self.drop_overtaken()
        if self.charges:
            charges.write_moved(self.charges, now=self.now)
        for columns, rows in ((PROGRESS_COLUMNS, self.orders), (FIGURE_COLUMNS, self.figures)):
            if rows:
                write_columns(Order, columns, rows, unless_changed="status")
        if self.charges:
            moved = [one.order.pk for one in self.charges]
            recount(Order.objects.filter(pk__in=moved), now=self.now)
        self._write_schedules()
        add_rows(self.events)
        if self.ended:
            PollSchedule.objects.filter(pk__in=self.ended).delete()

    def _write_schedules(self) -> None:
        """What somebody has `pulled` since it was asked about, as to see what became of a cancel,
        is due when they said."""
        rows = [(self.pulled.get(entry[-1], entry[0]), *entry[1:]) for entry in self.schedules]
        write_columns(PollSchedule, SCHEDULE_COLUMNS, rows)
        seen = {"checked_at": self.now, "looked_at": self.asked_at, "batch_cap": 0}
        for wait, order_ids in filter(itemgetter(1), self.unchanged.items()):
            due = self.now + wait * self.jitter
            if left := [pk for pk in order_ids if pk not in self.pulled]:
                write_same(PollSchedule, left, next_at=due, **seen)
            if pulled := [pk for pk in order_ids if pk in self.pulled]:
                write_same(PollSchedule, pulled, **seen)
