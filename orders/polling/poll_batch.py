"""One run of an account: ask about up to a hundred orders in one call, write what changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Protocol

from django.db import transaction

from core.rows.bulk import load_by_key, one_writer
from core.rows.loops import in_halves
from core.texts import LONGEST_TEXT
from providers.models import Provider
from providers.panel_api import BatchRefused, Progress, RefusalCode, Unreadable

from .. import link_queue
from ..charges import Moved
from ..models import EventKind, Order, OrderEvent
from ..status import FINAL, Flag, Status
from . import child_orders, plausibility, poll_schedule
from .anomalies import anomalies_as_events
from .plausibility import Plausibility
from .poll_schedule import DueSchedule
from .write_answers import READ_COLUMNS, Writes

STRIKES = 3  # this often unknown to the provider in a row, and a person is asked
STRIKES_UNREADABLE = 8  # more than an hour of them, at their pauses
NOT_WRITTEN = Unreadable("The answer could not be written down; the log of the desk says why.")


class TellsStatuses(Protocol):
    """All this needs of a client: exactly one request a call."""

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]: ...


@dataclass(slots=True)
class PollRun:
    """What one run of an account did."""

    asked: int = 0
    changed: int = 0
    ended: int = 0
    unreadable: int = 0
    released: int = 0  # orders that waited for one of those that ended
    overtaken: int = 0  # orders that somebody else moved meanwhile: they are still due
    unwritten: list[DueSchedule] = field(default_factory=list)  # not even as unreadable: still due


def ask(
    provider: Provider, schedules: Sequence[DueSchedule], client: TellsStatuses, *, now: datetime
) -> dict[str, Progress | Unreadable]:
    """One request. A refusal of a whole batch takes it apart for a later run and is raised again;
    for a single order it is that order's own answer.
    """
    try:
        return client.statuses_once([schedule.external_id for schedule in schedules])
    except BatchRefused as error:
        if len(schedules) > 1:
            poll_schedule.take_apart(provider, schedules, error, now)
            raise
        return {schedules[0].external_id: Unreadable(error.reason, error.code)}


def record_answers(
    schedules: Iterable[DueSchedule],
    answers: dict[str, Progress | Unreadable],
    *,
    now: datetime,
    asked_at: datetime | None = None,
) -> PollRun:
    """Write what the provider said to a question of `asked_at`, or of `now`. One unreadable row
    does not touch the others, nor does one whose answer cannot be written down: it counts as
    unreadable, and is asked about less often.

    An order whose answer is the one it gave last time is not even read.
    """
    run = PollRun()
    ended: list[int] = []

    def write(some: Sequence[DueSchedule]) -> None:
        ended.extend(_record(some, answers, run, now, asked_at or now))

    schedules = list(schedules)  # a hundred at most: each of them may be broken
    if broken := in_halves(schedules, write, what="answers", most=len(schedules)):
        answers = dict.fromkeys((one.external_id for one in broken), NOT_WRITTEN)
        run.unwritten = in_halves(
            broken, write, what="orders whose answer is broken", most=len(broken)
        )
    if ended:
        run.released = len(link_queue.release_free(now=now, behind=ended))
    return run


def _record(
    schedules: Sequence[DueSchedule],
    answers: dict[str, Progress | Unreadable],
    run: PollRun,
    now: datetime,
    asked_at: datetime,
) -> list[int]:
    """All of them or, where one is broken, none, counted in `run`; which have ended."""
    writes = Writes(now, asked_at, {one.order_id: one for one in schedules})
    news: dict[int, tuple[DueSchedule, Progress | Unreadable]] = {}
    unreadable = 0
    for schedule in schedules:
        answer = answers.get(schedule.external_id, Unreadable("No row.", missing=True))
        if isinstance(answer, Progress) and schedule.last_answer == digest(answer):
            writes.ask_again(schedule)
        else:
            news[schedule.order_id] = schedule, answer
    orders = load_by_key(Order, READ_COLUMNS, news)
    writes.as_read = {order.pk: (order.status, order.flag) for order in orders}
    answered = [(order, news[order.pk][1]) for order in orders]
    findings = plausibility.check_answers(answered)
    for order in orders:
        schedule, answer = news[order.pk]
        if order.status in FINAL:
            writes.ended.append(order.pk)  # somebody else has seen its end
        elif isinstance(answer, Unreadable):
            unreadable += 1
            _note_unreadable(order, schedule, answer, writes)
        else:
            _note_progress(order, schedule, answer, *findings[order.pk], writes)
    with one_writer(), transaction.atomic():
        writes.write()
        if writes.families:
            child_orders.add_children(writes.families, now=now)
    run.asked += len(schedules)
    run.unreadable += unreadable
    run.changed += len(writes.orders) + len(writes.figures)
    run.ended += len(writes.ended)
    run.overtaken += writes.overtaken
    return writes.ended


def digest(answer: Progress) -> str:
    """Equal for equal answers: what has not changed needs no look at the order."""
    said = (
        f"{answer.status} {answer.charge} {answer.start_count} {answer.remains} "
        f"{answer.runs} {answer.posts} {answer.children} {answer.raw_status}"
    )
    return blake2b(said.encode(), digest_size=8).hexdigest()


def _note_progress(
    order: Order,
    schedule: DueSchedule,
    said: Progress,
    finding: Plausibility,
    flag: Flag,
    writes: Writes,
) -> None:
    before, charge = Status(order.status), order.charge
    changed = _take_over(order, said, finding, flag)
    if changed.keys() & {"status", "flag"}:
        writes.change(order, before)
    elif changed:
        writes.note_figures(order)
    if changed:
        writes.events.extend(_events(order, before, changed, charge, writes.now))
    if finding.anomalies:
        writes.events.extend(anomalies_as_events(order, finding.anomalies, now=writes.now))
    if changed.keys() & {"charge", "refund"}:
        writes.charges.append(Moved(order, charge))
    if said.children:
        writes.families.append((order.pk, said.children))
    if order.status in FINAL:
        writes.ended.append(order.pk)
        return
    is_news = changed or said.children  # a parent is only read when its answer is a new one
    writes.answered(order.pk, writes.now if is_news else schedule.changed_at, digest(said))


def _take_over(order: Order, said: Progress, finding: Plausibility, flag: Flag) -> dict[str, Any]:
    """Set on the order what the provider says anew, and return it.

    What it does not say (None) never overwrites what is known. A status word nobody knows
    leaves the order where it is and flags it; so does what `plausibility` finds odd.
    """
    fresh: dict[str, Any] = {"flag": flag}
    if not finding.is_over:
        fresh |= {
            "status": finding.status,
            "raw_status": said.raw_status[:80],
            "charge": finding.charge,
            "start_count": said.start_count,
            "remains": said.remains,
            "refund": finding.refund,
        }
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
            order=order,
            at=now,
            kind=EventKind.MOVED,
            before=before,
            after=order.status,
            evidence=seen,
        )
    elif "charge" in changed or "start_count" in changed:
        yield OrderEvent(order=order, at=now, kind=EventKind.PROGRESS, evidence=seen)
    if changed.get("flag") == Flag.UNKNOWN_WORD:
        text = f"{order.get_flag_display()}: “{order.raw_status}”."
        yield OrderEvent(order=order, at=now, kind=EventKind.FLAGGED, text=text, evidence=seen)


def _note_unreadable(
    order: Order, schedule: DueSchedule, answer: Unreadable, writes: Writes
) -> None:
    """Ask again, alone and less often; after some strikes in a row flag the order, so that one
    that can never be read keeps neither its link nor itself without a word."""
    failures = schedule.failures + 1
    not_there = answer.missing or answer.code is RefusalCode.UNKNOWN_ORDER
    flag = Flag.NOT_KNOWN_THERE if not_there else Flag.UNREADABLE
    strikes = STRIKES if not_there else STRIKES_UNREADABLE
    if failures >= strikes and not order.flag:
        order.flag = flag
        writes.change(order, order.status)
        evidence = {"asked": failures, "reason": answer.reason[:LONGEST_TEXT]}
        writes.events.append(
            OrderEvent(
                order=order,
                at=writes.now,
                kind=EventKind.FLAGGED,
                text=answer.reason[:LONGEST_TEXT],
                evidence=evidence,
            )
        )
    writes.unreadable(schedule, failures)
