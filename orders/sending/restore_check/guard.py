"""Is the database still the one we left? Asked when a worker starts, in the sweep, and between
every claim and its first byte.

A database taken back to an earlier day shows orders as queued that were sent. Nothing in it can
say so; what this machine wrote down beside it can. On any doubt all sending stops until a person
has seen a reconcile run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import NotSupportedError, ProgrammingError, connection

from core import clocks
from core.clocks import Clock
from core.failpoints import failpoint
from core.rows.durable import DATABASE_AWAY
from core.rows.loops import one_by_one
from core.rows.sequences import last_given
from providers.panel_api import NotSent

from ...models import Attempt, DatabaseId, Halt, ReconcileRun, RequestCall
from ...status import RESTORE_DOUBT, HaltKind
from .. import halts, send_journal
from ..outcome import MAY_BE_RESTORED
from ..send_journal import HighWaterMark
from ..writes.send_clock import CLOCK_SET
from . import acceptance, put_back_again, recall_all, replay_journal, request_journal
from .recalled_sends import NotRecalled
from .request_journal import Named

log = logging.getLogger(__name__)
UNREADABLE = "unreadable"


def database_identity() -> str:
    """The same as long as this is the same database. PostgreSQL: its cluster and timeline, and
    the table itself, which a restored dump makes anew. SQLite: a row of its own."""
    if connection.vendor != "postgresql":
        return f"sqlite {DatabaseId.objects.get_or_create(pk=1)[0].key.hex}"
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT system_identifier, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),"
                " (SELECT oid FROM pg_database WHERE datname = current_database()),"
                " %s::regclass::oid FROM pg_control_system()",
                [Attempt._meta.db_table],
            )
            system, timeline, database, table = cursor.fetchone()
    except (NotSupportedError, ProgrammingError):  # a server that lets nobody ask
        return UNREADABLE
    return f"postgresql {system} timeline {timeline} database {database} table {table}"


def journal_send(attempt: Attempt, *, now: Clock) -> None:
    """Write this send down outside the database, unless the database is not the one we left.

    Raises NotSent: then no byte may leave, and a halt is placed where there is doubt.
    """
    _journal(attempt, partial(send_journal.note_send, attempt), now)
    failpoint("claim.journaled")


def journal_call(call: RequestCall, requests: Sequence[Named], *, now: Clock) -> None:
    """The same for a call about refills or cancels."""
    _journal(call, partial(request_journal.note_call, call, requests), now)
    failpoint("request.journaled")


def refuse_another_database(provider_id: int, *, now: Clock) -> None:
    """Raises NotSent, and places a halt where there is doubt, for what is journaled already."""
    try:
        if why_doubted(high_water_marks(provider_id), database_identity()):
            check_database(now=now())
            raise NotSent(MAY_BE_RESTORED, code=RESTORE_DOUBT)
    except DATABASE_AWAY as error:
        raise NotSent("The database went away before sending.") from error
    except OSError as error:
        log.error("what was sent to account %s cannot be read: %s", provider_id, error)
        raise NotSent(f"What this machine has sent cannot be read: {error.strerror}.") from error


def journal_replay(attempt: Attempt, *, now: Clock) -> str:
    """Write a replay of this send down, as `journal_send` does; its name. Raises NotSent."""
    refuse_another_database(attempt.provider_id, now=now)
    try:
        return replay_journal.note_replay(attempt)
    except OSError as error:
        log.error("a replay of %s cannot be journaled on disk: %s", attempt, error)
        raise NotSent(f"It could not be written down before sending: {error.strerror}.") from error


def _journal(row: Attempt | RequestCall, note: Callable[[str], None], now: Clock) -> None:
    what = _kind(isinstance(row, RequestCall))
    try:
        identity = database_identity()
        _refuse_if_unmatched(row, what, identity, now)
        note(identity)
    except DATABASE_AWAY as error:
        raise NotSent("The database went away before sending.") from error
    except OSError as error:
        log.error("%s %s cannot be journaled on disk: %s", what, row.pk, error)
        raise NotSent(f"It could not be written down before sending: {error.strerror}.") from error


def _refuse_if_unmatched(row: Attempt | RequestCall, what: str, identity: str, now: Clock) -> None:
    marks = high_water_marks(row.provider_id)
    if why_doubted(marks, identity):
        check_database(now=now())
        raise NotSent(MAY_BE_RESTORED, code=RESTORE_DOUBT)
    age = (now() - row.started_at).total_seconds()
    if age > clocks.SEND_WINDOW_SECONDS:  # others may have sent since
        raise NotSent("The claim had grown too old before it was written down.")
    if age < -clocks.CLOCKS_AGREE_SECONDS:  # set back, it makes leases free: as above
        raise NotSent(CLOCK_SET)
    known = next((one.mark for one in marks if _kind(one.is_call) == what), None)
    if known is not None and row.pk <= known.attempt:
        if last_given(type(row)) >= known.attempt:  # numbers go on: both were claimed at once
            raise NotSent("Another worker has sent since it was claimed.")
        quarantine(
            f"Account {known.provider_id}: the new {what} got number {row.pk}, although "
            f"{known.attempt} had been given out.",
            now=now(),
        )
        raise NotSent(MAY_BE_RESTORED, code=RESTORE_DOUBT)


def _kind(is_call: bool) -> str:
    return "call" if is_call else "attempt"


@dataclass(frozen=True, slots=True)
class MarkByKind:
    """A high-water mark of this machine: of orders sent, or of calls about requests."""

    mark: HighWaterMark
    is_call: bool = False


def high_water_marks(provider_id: int) -> list[MarkByKind]:
    """Of either kind at this account."""
    sent, asked = (
        send_journal.high_water_mark(provider_id),
        request_journal.high_water_mark(provider_id),
    )
    known = [MarkByKind(sent)] if sent else []
    return [*known, MarkByKind(asked, is_call=True)] if asked else known


def why_doubted(marks: list[MarkByKind], identity: str) -> dict[MarkByKind, str]:
    """What speaks against this being the database in which these were written."""
    attempts = Attempt.objects.select_related("order").in_bulk(_numbers(marks, is_call=False))
    calls = RequestCall.objects.in_bulk(_numbers(marks, is_call=True))
    doubts = {}
    for known in marks:
        mark, what = known.mark, _kind(known.is_call)
        row = calls.get(mark.attempt) if known.is_call else attempts.get(mark.attempt)
        if mark.database != identity:
            doubts[known] = f"it is another database ({identity}), we left {mark.database}"
        elif not mark.is_of(row):
            doubts[known] = (
                f"{what} {mark.attempt} of {mark.started_at:%Y-%m-%d %H:%M:%S} UTC is missing, "
                f"{acceptance.newest_in_words(mark, RequestCall if known.is_call else Attempt)}"
            )
        elif acceptance.is_forgotten(mark):
            doubts[known] = f"it was accepted as of {mark.acknowledged_at}, and does not know it"
    return doubts


def _numbers(marks: list[MarkByKind], *, is_call: bool) -> list[int]:
    return [known.mark.attempt for known in marks if known.is_call == is_call]


def check_database(*, now: datetime) -> bool:
    """Compare every high-water mark of this machine with the database; place a halt on doubt.

    A restore that a person has acknowledged since the mark was made is no doubt any more, and the
    database is accepted. Before that, and as long as the halt stands, what this machine knows of
    its sends is brought in; a halt that came back with its database counts as one of now. True:
    all is well, as far as the disk can be read; only where all of it could be has the database
    been compared.
    """
    unread = list[int]()
    stands = Halt.objects.standing().filter(kind=HaltKind.RESTORED).exists()
    if stands:
        marks = [known.mark for known in _all_marks(unread)]
        put_back_again.renew_if_put_back(marks, now=now)
    if stands or not _compare(now, unread):
        failpoint("restore.doubted")
        recall_all.recall_everywhere(now=now)
        return False
    accounts = recall_all.accounts_here(unread)
    one_by_one(accounts, lambda one: _recall_replays(one, unread, now), what="replays")
    if unread:
        return True
    if not DatabaseId.objects.filter(pk=1).update(compared_at=now):
        DatabaseId.objects.get_or_create(pk=1, defaults={"compared_at": now})
    return True


def _compare(now: datetime, unread: list[int]) -> bool:
    """Accounts of which not everything can be read are added to `unread`."""
    identity, marks = database_identity(), _all_marks(unread)
    doubts = why_doubted(marks, identity)
    if not doubts:
        return True
    newest, at_most = max(known.mark.at for known in doubts), clocks.furthest(now, 0)
    accepted = ReconcileRun.objects.filter(database=identity, acknowledged_at__gt=newest)
    if accepted.filter(acknowledged_at__lte=at_most).exists():  # none of a clock that was ahead
        try:
            doubted = {known.mark.provider_id for known in doubts}
            recall_all.accept_database(identity, doubted, now=now)
        except (NotRecalled, OSError) as error:
            log.warning("the database is not taken as it is yet: %s", error)
            return False
        return True
    quarantine(_in_words(doubts), now=now)
    ahead = [known for known in doubts if known.mark.at > at_most]
    one_by_one(ahead, lambda known: _note_read(known, now), what="marks of a clock ahead")
    return False


def _all_marks(unread: list[int]) -> list[MarkByKind]:
    accounts = recall_all.accounts_here(unread)
    return [known for account in accounts for known in _marks_to_compare(account, unread)]


def _recall_replays(account: int, unread: list[int], now: datetime) -> int:
    """A database from between a lost send and its replay knows all marks: only this tells it."""
    try:
        return replay_journal.recall_newest(account, now=now)
    except Exception:
        unread.append(account)
        raise


def _marks_to_compare(account: int, unread: list[int]) -> list[MarkByKind]:
    """Those that can be read: an account with another one sends nothing, and hides no doubt."""
    marks = list[MarkByKind]()
    for journal in (send_journal, request_journal):
        try:
            mark = journal.high_water_mark(account)
        except OSError as error:
            log.error("what was sent to account %s cannot be compared: %s", account, error)
            unread.append(account)
            continue
        marks += [MarkByKind(mark, is_call=journal is request_journal)] if mark else []
    return marks


def _note_read(known: MarkByKind, now: datetime) -> None:
    """An acknowledgement of a later moment than this is about it, as about every other one."""
    journal = request_journal if known.is_call else send_journal
    journal.note_read(known.mark, now=now)


def quarantine(reason: str, *, now: datetime) -> bool:
    """Stop all sending until a reconcile run is acknowledged. False: it was stopped already."""
    log.critical("all sending stops: %s", reason)
    return halts.place_halt(HaltKind.RESTORED, now=now, reason=reason)


def _in_words(doubts: dict[MarkByKind, str]) -> str:
    said = [f"Account {known.mark.provider_id}: {doubt}" for known, doubt in doubts.items()]
    more = f"; and {len(said) - 3} more accounts" if len(said) > 3 else ""
    return "; ".join(said[:3]) + more
