"""One call that refills or cancels: at most once for each time somebody asked.

Claim and commit, the send journal, the pre-send check, one call, its answer on disk, then in the
database. What differs between the two stands in a `RequestKind`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from core import clocks
from core.clocks import Clock
from core.failpoints import failpoint
from core.rows.durable import durable_transaction
from providers.actions import note_calls
from providers.models import Provider
from providers.panel_api import (
    AccountRefused,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    SlowDown,
)

from ..limits import doubtful_rows
from ..models import CancelRequest, Refill, RequestCall
from ..sending import halts
from ..sending.claims import worker_name
from ..sending.restore_check import request_journal
from ..sending.restore_check.request_journal import JournaledCall, Named
from ..sending.writes import answer_files
from ..sending.writes.pre_send import PreSendCheck, is_unchanged
from ..sending.writes.recording import record, record_if_possible
from ..sending.writes.send_clock import SendClock
from ..status import Write
from .batch_outcome import Answered, AnyOutcome, Later, Lost, asked_to_slow_down, outcome_to_json
from .take_rows import due_besides, named, take_each

log = logging.getLogger(__name__)
Row = TypeVar("Row", Refill, CancelRequest)


class Speak(Protocol):
    """Exactly one request to the provider about these orders."""

    def __call__(
        self, order_ids: Sequence[str], *, before_send: Callable[[], None] | None = None
    ) -> Mapping[str, Any]: ...


class JournalsCall(Protocol):
    """Write this call down outside the database, or raise NotSent: then no byte may leave."""

    def __call__(self, call: RequestCall, requests: Sequence[Named], *, now: Clock) -> None: ...


class BringsIn(Protocol):
    def __call__(
        self, call: RequestCall, forgotten: Sequence[JournaledCall], *, now: datetime
    ) -> None: ...


class TakesBegun(Protocol):
    def __call__(self, call: RequestCall, outcome: AnyOutcome, *, now: datetime) -> set[str]: ...


class TakesIn(Protocol):
    def __call__(self, said: dict[str, Any], *, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True)
class RestoreCheck:
    """What this machine knows of its calls outside the database. `calls_before` are those that the
    database lacks, about what a call with this outcome puts back; `bring_in` gives them back in the
    transaction that does so, and `take_begun` gives the call what it has begun and another call has
    by now. `take_in` writes down the answer to a call that the database has under another number.
    Each may raise NotNow: then nothing is put back yet."""

    journal: JournalsCall
    calls_before: Callable[[RequestCall, AnyOutcome], list[JournaledCall]]
    bring_in: BringsIn
    take_begun: TakesBegun
    take_in: TakesIn


@dataclass(frozen=True, slots=True)
class RequestKind(Generic[Row]):
    """What differs between refills and cancels.

    `due` are the requests to send now, `take` claims one of them for a call, `of_call` are those
    of a call and `count_ours` how many of them are still claimed. `record` writes down what a call
    said, in the caller's transaction and safe to repeat; `learn` what it says of the account.
    """

    write: Write
    due: Callable[[Provider, datetime], list[Row]]
    take: Callable[[Row, RequestCall, datetime], bool]
    of_call: Callable[[RequestCall], list[Row]]
    count_ours: Callable[[RequestCall], int]
    record: Callable[[Sequence[Row], AnyOutcome, Provider, datetime], None]
    learn: Callable[[AnyOutcome, Provider, datetime], None]


@dataclass(frozen=True, slots=True)
class Claimed(Generic[Row]):
    """These requests are one worker's, to be sent in this call."""

    call: RequestCall
    rows: Sequence[Row]

    @property
    def named(self) -> list[Named]:
        return [named(row) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Heard:
    """How a call ended, and what it says of the account's health, to be noted last."""

    outcome: AnyOutcome
    note: Callable[[datetime], None] | None = None


def send_due(
    kind: RequestKind[Row], provider: Provider, speak: Speak, *, clock: Clock, check: RestoreCheck
) -> int:
    """Send the due requests of this kind in one call; how many it was about."""
    now = SendClock(clock)  # before the claim: the worker may stand still right after it
    claimed = claim(kind, provider, now=now.claimed_at)
    if claimed is None:
        return 0
    heard = _speak(kind, claimed, provider, speak, check.journal, now)
    failpoint("request.answered")
    _write_down(kind, claimed, provider, heard, check, now)
    return len(claimed.rows)


def claim(kind: RequestKind[Row], provider: Provider, *, now: datetime) -> Claimed[Row] | None:
    """Take due requests for sending, on disk before we speak. None: there are none, or the account
    was changed or stopped since it was read."""
    with durable_transaction():
        unchanged = is_unchanged(provider.pk, provider.version)
        if not unchanged or halts.is_halted(provider.pk, kind.write):
            return None
        due = due_besides(kind.write, provider, now, kind.due)
        due = doubtful_rows.give_up_due(provider.pk, due, now=now)
        if not due:
            return None
        call = RequestCall.objects.create(
            provider=provider, write=kind.write, worker=worker_name(), started_at=now
        )
        by_key = sorted(due, key=attrgetter("pk"))  # as `hold_orders` holds them
        rows = take_each(by_key, lambda row: kind.take(row, call, now), now=now)
        if not rows:
            call.delete()
            return None
        failpoint("request.taken")
    failpoint("request.claimed")
    return Claimed(call, rows)


def _speak(
    kind: RequestKind[Row],
    claimed: Claimed[Row],
    provider: Provider,
    speak: Speak,
    journal: JournalsCall,
    now: SendClock,
) -> Heard:
    """One call, and what it proves. From its first byte on nothing raises: what is not understood
    is lost."""
    call, size = claimed.call, len(claimed.rows)
    check = PreSendCheck(
        kind.write, provider.pk, provider.version, now, lambda: kind.count_ours(call) == size
    )
    started = time.monotonic()
    try:
        journal(call, claimed.named, now=now)
    except NotSent as error:
        return Heard(_later(error, now(), clocks.NOT_SENT_BACKOFF_SECONDS[0]))
    try:
        said = speak([row.order.external_id for row in claimed.rows], before_send=check)
    except ProviderError as error:
        outcome = _outcome(error, now())
        unheard = isinstance(error, NotSent) and check.objected
        return Heard(outcome, None if unheard else _failure(provider, error))
    except Exception as error:
        log.exception("%s ended in an error of our own", call)
        return Heard(Lost(f"Our own error while sending: {type(error).__name__}"))
    if reason := asked_to_slow_down(said.values()):
        return Heard(Answered(said), _failure(provider, SlowDown(reason)))
    return Heard(Answered(said), _success(provider, (time.monotonic() - started) * 1000))


def _outcome(error: ProviderError, now: datetime) -> Later | Lost:
    match error:
        case NotSent():
            return _later(error, now, clocks.NOT_SENT_BACKOFF_SECONDS[0])
        case SlowDown():
            return _later(error, now, clocks.RATE_LIMIT_PAUSE_SECONDS, error.until)
        case AccountRefused():
            return _later(error, now, clocks.BREAKER_SECONDS[-1])
        case OutcomeUnknown():
            return Lost(error.reason, _within_cap(error.until, now))
    log.error("a request ended in what no write ends in: %s", type(error).__name__)
    return Lost(f"Our own error while sending: {type(error).__name__}")


def _later(
    error: ProviderError, now: datetime, seconds: float, until: datetime | None = None
) -> Later:
    wanted = _within_cap(until, now)
    code = error.code if isinstance(error, NotSent) else ""
    return Later(error.reason, wanted or now + timedelta(seconds=seconds), code)


def _within_cap(until: datetime | None, now: datetime) -> datetime | None:
    """As far as a provider's own request is followed."""
    return until and min(until, now + timedelta(seconds=clocks.RETRY_AFTER_CAP_SECONDS))


def _failure(provider: Provider, error: ProviderError) -> Callable[[datetime], None]:
    return lambda now: note_calls.note_failure(provider, error, now=now)


def _success(provider: Provider, elapsed_ms: float) -> Callable[[datetime], None]:
    return lambda now: note_calls.note_success(provider, now=now, elapsed_ms=elapsed_ms)


def _write_down(
    kind: RequestKind[Row],
    claimed: Claimed[Row],
    provider: Provider,
    heard: Heard,
    check: RestoreCheck,
    now: SendClock,
) -> None:
    """To disk first, then to the database, patiently. If it stays away the reaper takes the claim
    for lost, which is true, and the file tells it later, as where the database was put back and
    knows the call no more. What is good to know comes last."""
    call, outcome = claimed.call, heard.outcome
    with answer_files.kept(kind.write, call.idempotency_key, _said(call, outcome)) as file:
        failpoint("request.kept")
        try:
            if record(
                lambda: _record_rows(kind, claimed, outcome, provider, check, now()), what=str(call)
            ):
                failpoint("request.recorded")
                request_journal.note_end(call, outcome)
                file.is_recorded()
        except RequestCall.DoesNotExist:
            log.error("%s is not in the database any more: its answer stays on disk", call)
            request_journal.note_end(call, outcome)
    if note := heard.note:
        record_if_possible(lambda: note(now()), what=f"the health after {call}")
    record_if_possible(lambda: kind.learn(outcome, provider, now()), what=f"what {call} showed")


def _said(call: RequestCall, outcome: AnyOutcome) -> dict[str, Any]:
    return {"call": call.idempotency_key, "outcome": outcome_to_json(outcome)}


def _record_rows(
    kind: RequestKind[Row],
    claimed: Claimed[Row],
    outcome: AnyOutcome,
    provider: Provider,
    check: RestoreCheck,
    now: datetime,
) -> None:
    if not claimed.call.is_here():  # the database was put back since: its rows are not ours
        if not check.take_in(_said(claimed.call, outcome), now=now):
            raise RequestCall.DoesNotExist
        return
    forgotten = check.calls_before(claimed.call, outcome)
    failpoint("request.read")
    with durable_transaction():
        halts.one_at_a_time(provider)  # first, as whoever else writes what a call said
        if not claimed.call.note_recorded(now=now):
            return  # from the disk, or by a commit whose word was lost
        check.bring_in(claimed.call, forgotten, now=now)
        begun = check.take_begun(claimed.call, outcome, now=now)
        kind.record(_rows_now(kind, claimed, begun), outcome, provider, now)
        failpoint("request.written")


def _rows_now(kind: RequestKind[Row], claimed: Claimed[Row], begun: set[str]) -> Sequence[Row]:
    """As claimed; of orders with a refill that was `begun` beside them, as they stand now."""
    if not begun:
        return claimed.rows
    others = {row.pk: row for row in claimed.rows if row.order.external_id not in begun}
    return list((others | {row.pk: row for row in kind.of_call(claimed.call)}).values())
