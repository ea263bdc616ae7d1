"""One account turn: ask about up to a hundred orders in one call, write what changed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

from django.db import transaction

from core import clocks
from core.bulk import write_columns
from core.one_writer import one_writer
from providers.models import Provider
from providers.panel_api import BatchRefused, Progress, RefusalCode, Unreadable

from ..models import EventKind, Order, OrderEvent, Watch
from ..status import FINAL, Flag, Status
from . import charging, judging, parents, queueing
from .charging import Moved
from .judging import Verdict
from .parents import Family

STRIKES = 3  # this often unknown to the provider in a row, and a person is asked

PROGRESS_COLUMNS = (
    "status", "raw_status", "charge", "start_count", "remains", "flag", "changed_at", "ended_at",
)  # fmt: skip
# Most answers bring new figures only; no index holds one of these columns.
FIGURE_COLUMNS = ("raw_status", "charge", "start_count", "remains", "changed_at")
READ_COLUMNS = (*PROGRESS_COLUMNS[:6], *judging.READ_BY_ALL)
WATCH_COLUMNS = ("next_at", "changed_at", "failures", "batch_cap", "checked_at", "last_answer")


class TellsStatuses(Protocol):
    """All this needs of a client: exactly one request a call."""

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]: ...


@dataclass(slots=True)
class Turn:
    """What one account turn did."""

    asked: int = 0
    changed: int = 0
    ended: int = 0
    unreadable: int = 0
    released: int = 0  # orders that waited for one of those that ended


@dataclass(slots=True)
class _Writes:
    """Everything one answer changes, collected and then written at once.

    `jitter` is the same for the whole batch, so that orders asked about together stay together.
    """

    now: datetime
    jitter: float
    orders: list[tuple[Any, ...]] = field(default_factory=list)
    figures: list[tuple[Any, ...]] = field(default_factory=list)
    watches: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[OrderEvent] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    families: list[Family] = field(default_factory=list)
    charges: list[Moved] = field(default_factory=list)

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

    def drop_overtaken(self) -> None:
        """Forget about orders that somebody else has moved since they were read. In the
        transaction that writes, so that history never tells of a change that was not made."""
        wanted = {entry[-2]: entry[-1] for entry in (*self.orders, *self.figures)}
        rows = Order.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
        found = dict(rows.values_list("pk", "status")) if wanted else {}
        lost = {pk for pk, before in wanted.items() if found.get(pk) != before}
        if lost:
            self.orders = [entry for entry in self.orders if entry[-2] not in lost]
            self.figures = [entry for entry in self.figures if entry[-2] not in lost]
            self.events = [event for event in self.events if event.order_id not in lost]
            self.ended = [pk for pk in self.ended if pk not in lost]
            self.families = [family for family in self.families if family[0] not in lost]
            self.charges = [moved for moved in self.charges if moved.order.pk not in lost]

    def ask_again(self, watch: DueWatch, changed_at: datetime, last_answer: str) -> None:
        """Write when to ask next, after an answer that could be read."""
        due = self.now + next_check_in(self.now - changed_at) * self.jitter
        self.watches.append((due, changed_at, 0, 0, self.now, last_answer, watch.order_id))


class DueWatch(NamedTuple):
    """The columns of a Watch that a turn needs; a hundred of them are read with every call."""

    order_id: int
    external_id: str
    next_at: datetime
    changed_at: datetime
    failures: int
    batch_cap: int
    last_answer: str


def due_batch(provider: Provider, now: datetime) -> list[DueWatch]:
    """The next orders to ask about in one call, oldest due first.

    Orders due soon fill the batch up. After a batch that was refused whole, its orders come
    in halves until the one that spoils it stands alone.
    """
    soon = now + timedelta(seconds=clocks.FOLLOW_LOOKAHEAD_SECONDS)
    rows = Watch.objects.filter(provider=provider).due(soon).oldest_first()
    columns = rows.values_list(*DueWatch._fields)[: provider.batch_size]
    batch = [DueWatch(*row) for row in columns]
    if not batch or batch[0].next_at > now:
        return []
    cap = batch[0].batch_cap
    return [watch for watch in batch if watch.batch_cap == cap][: cap or provider.batch_size]


def ask(watches: Sequence[DueWatch], client: TellsStatuses) -> dict[str, Progress | Unreadable]:
    """One request. A refusal of a whole batch halves it for the next turn and is raised again;
    for a single order it is that order's own answer."""
    try:
        return client.statuses_once([watch.external_id for watch in watches])
    except BatchRefused as error:
        if len(watches) > 1:
            keys = [watch.order_id for watch in watches]
            cap = 1 if error.singly else len(keys) // 2
            Watch.objects.filter(pk__in=keys).update(batch_cap=cap)
            raise
        return {watches[0].external_id: Unreadable(error.reason)}


def record_answers(
    watches: Iterable[DueWatch], answers: dict[str, Progress | Unreadable], *, now: datetime
) -> Turn:
    """Write what the provider said. One unreadable row does not touch the others.

    An order whose answer is the one it gave last time is not even read.
    """
    writes = _Writes(now, jitter=random.uniform(0.9, 1.1))  # noqa: S311  (it keeps no secret)
    news: dict[int, tuple[DueWatch, Progress | Unreadable]] = {}
    turn = Turn()
    for watch in watches:
        turn.asked += 1
        answer = answers.get(watch.external_id, Unreadable("No row.", missing=True))
        if isinstance(answer, Progress) and watch.last_answer == digest(answer):
            writes.ask_again(watch, watch.changed_at, watch.last_answer)
        else:
            news[watch.order_id] = watch, answer
    rows = Order.objects.filter(watch__in=list(news)).only(*READ_COLUMNS).order_by("pk")
    orders = list(rows) if news else []
    verdicts = judging.judge_all((order, news[order.pk][1]) for order in orders)
    for order in orders:
        watch, answer = news[order.pk]
        if isinstance(answer, Unreadable):
            turn.unreadable += 1
            _note_unreadable(order, watch, answer, writes)
        else:
            _note_progress(order, watch, answer, verdicts[order.pk], writes)
    with one_writer(), transaction.atomic():
        writes.drop_overtaken()
        _write(writes)
        parents.adopt_children(writes.families, now=now)
    turn.changed = len(writes.orders) + len(writes.figures)
    turn.ended = len(writes.ended)
    if writes.ended:
        turn.released = len(queueing.release_free(now=now, behind=writes.ended))
    return turn


def digest(answer: Progress) -> str:
    """Equal for equal answers: what has not changed needs no look at the order."""
    said = (
        answer.status, answer.raw_status, answer.charge, answer.start_count, answer.remains,
        answer.children, answer.runs, answer.posts,
    )  # fmt: skip
    return blake2b(repr(said).encode(), digest_size=8).hexdigest()


def _write(writes: _Writes) -> None:
    charging.write_moved(writes.charges, now=writes.now)
    write_columns(Order, PROGRESS_COLUMNS, writes.orders, unless_changed="status")
    write_columns(Order, FIGURE_COLUMNS, writes.figures, unless_changed="status")
    write_columns(Watch, WATCH_COLUMNS, writes.watches)
    if writes.events:
        OrderEvent.objects.bulk_create(writes.events)
    if writes.ended:
        Watch.objects.filter(pk__in=writes.ended).delete()


def _note_progress(
    order: Order, watch: DueWatch, said: Progress, verdict: Verdict, writes: _Writes
) -> None:
    before, charge = Status(order.status), order.charge
    changed = _take_over(order, said, verdict)
    if changed.keys() & {"status", "flag"}:
        writes.change(order, before)
    elif changed:
        writes.note_figures(order)
    if changed:
        writes.events.extend(_events(order, before, changed, charge, writes.now))
    if verdict.remarks:
        writes.events.extend(judging.remarks_as_events(order, verdict, now=writes.now))
    if "charge" in changed:
        writes.charges.append(Moved(order, charge))
    if said.children:
        writes.families.append((order.pk, said.children))
    if order.status in FINAL:
        writes.ended.append(order.pk)
        return
    is_news = changed or said.children  # a parent is only read when its answer is a new one
    writes.ask_again(watch, writes.now if is_news else watch.changed_at, digest(said))


def _take_over(order: Order, said: Progress, verdict: Verdict) -> dict[str, Any]:
    """Set on the order what the provider says anew, and return it.

    What it does not say (None) never overwrites what is known. A status word nobody knows
    leaves the order where it is and flags it; so does what `judging` finds odd.
    """
    fresh: dict[str, Any] = {"flag": verdict.flag_for(order, said)}
    if not verdict.is_over:
        fresh |= {"status": verdict.status, "raw_status": said.raw_status[:80],
                  "charge": verdict.charge, "start_count": said.start_count,
                  "remains": said.remains}  # fmt: skip
    changed = {
        name: value
        for name, value in fresh.items()
        if value is not None and value != getattr(order, name)
    }
    for name, value in changed.items():
        setattr(order, name, value)
    return changed


def _events(
    order: Order, before: Status, changed: dict[str, Any], charge: Decimal | None, now: datetime
) -> Iterable[OrderEvent]:
    """History lines: a move, or a charge or start count that became known or changed."""
    seen = {name: str(value) for name, value in changed.items() if name != "flag"}
    if "charge" in changed and charge is not None:
        seen["charge_before"] = str(charge)
    if "status" in changed:
        yield OrderEvent(
            order=order, at=now, kind=EventKind.MOVED, before=before, after=order.status,
            evidence=seen,
        )  # fmt: skip
    elif "charge" in changed or "start_count" in changed:
        yield OrderEvent(order=order, at=now, kind=EventKind.PROGRESS, evidence=seen)
    if changed.get("flag") == Flag.UNKNOWN_WORD:
        text = f"{order.get_flag_display()}: “{order.raw_status}”."
        yield OrderEvent(order=order, at=now, kind=EventKind.FLAGGED, text=text, evidence=seen)


def _note_unreadable(order: Order, watch: DueWatch, answer: Unreadable, writes: _Writes) -> None:
    """Ask again, alone and less often; after three strikes in a row flag the order."""
    failures = watch.failures + 1
    not_there = answer.missing or answer.code is RefusalCode.UNKNOWN_ORDER
    if not_there and failures == STRIKES and not order.flag:
        order.flag = Flag.NOT_KNOWN_THERE
        writes.change(order, order.status)
        evidence = {"asked": failures, "reason": answer.reason[:500]}
        writes.events.append(
            OrderEvent(
                order=order, at=writes.now, kind=EventKind.FLAGGED, text=answer.reason[:500],
                evidence=evidence,
            )
        )  # fmt: skip
    steps = clocks.BREAKER_SECONDS
    due = writes.now + timedelta(seconds=steps[min(failures, len(steps)) - 1])
    writes.watches.append(
        (due, watch.changed_at, min(failures, 1000), 1, writes.now, "", watch.order_id)
    )


def next_check_in(unchanged_for: timedelta) -> timedelta:
    """About a tenth of the time since the last change, between floor and ceiling."""
    seconds = unchanged_for.total_seconds() * clocks.FOLLOW_SHARE
    return timedelta(
        seconds=min(max(seconds, clocks.FOLLOW_FLOOR_SECONDS), clocks.FOLLOW_CEILING_SECONDS)
    )
