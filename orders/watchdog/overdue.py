"""What should have gone on and has not, whatever the cause: one list of outcomes that are late.

It looks at rows and files, never at how they came to stand there. Each question is one seek in an
index, or one an account.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from core import clocks
from providers.account_health import AccountHealth, AccountState, account_health
from providers.identity import upstream_of
from providers.models import Provider

from ..models import AnswerPlace, BatchState, BulkJob, Halt, Order, OrderBatch, ReconcileRun
from ..oldest_work import AT_ACCOUNT, IN_HANDS, Late, add_oldest_cancels, oldest_held, with_oldest
from ..sending import answer_places
from ..status import HaltKind, Write

_WRITES = {Late.ORDER: Write.ADD, Late.REFILL: Write.REFILL, Late.CANCEL: Write.CANCEL}
_MOVED = AccountHealth(AccountState.MOVED)
_NO_WAY_IN = frozenset({AccountState.NO_KEY, AccountState.KEY_UNREADABLE, AccountState.MOVED})
_AT_PLACE = {
    Late.SPOOL: "Its workers do not take it in: look at their log.",
    Late.MACHINE: "It has sent what nobody knows the outcome of. Start a worker there.",
}
UNLISTED = "Nobody can say which answers wait: their directory on this machine cannot be read."
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standstill:
    """`since` is when it should have gone on; `reason` is empty where none is known. The numbers
    say where, as far as there is such a place."""

    late: Late
    since: datetime
    reason: str = ""
    provider_id: int | None = None
    account: str = ""
    order_id: int | None = None
    job_id: int | None = None
    batch_id: int | None = None


def standstills(now: datetime) -> list[Standstill]:
    """The oldest of each kind at each account, oldest first: five questions in all."""
    accounts = list(with_oldest(now))
    add_oldest_cancels(accounts, now)
    halts = _halts_by_account(accounts)
    found = [
        *(late for one in accounts for late in _at_account(one, halts[one.pk], now)),
        *_held({account.pk: account.name for account in accounts}, now),
        *_elsewhere(now),
        *_files(now),
    ]
    return sorted(found, key=lambda late: late.since)


def _halts_by_account(accounts: Sequence[Provider]) -> dict[int, list[Halt]]:
    """Those in front of each account, whatever its rows, and those in front of all."""
    upstream = {account.pk: upstream_of(account) for account in accounts}
    halts = list(Halt.objects.standing())
    return {
        account.pk: [
            halt
            for halt in halts
            if halt.provider_id is None or upstream.get(halt.provider_id) == upstream[account.pk]
        ]
        for account in accounts
    }


def _at_account(account: Any, halts: Sequence[Halt], now: datetime) -> Iterator[Standstill]:
    """What its provider or its key explains is told with that; what waits behind a stop waits on
    purpose, and a long queue that moves does not stand still."""
    health = account_health(account, now=now)
    trouble = f"{account.name}: {health.label}." if health.is_trouble else ""
    for late in AT_ACCOUNT:
        since = getattr(account, f"{late}_since")
        if since is None or _waits_on_purpose(late, account, halts, now):
            continue
        reason = trouble
        if late in IN_HANDS:
            reason = ""
        elif late is Late.UNCONFIRMED:
            reason = "It waits for somebody to decide."
        elif late is Late.CANCEL and account.cancel_unread:
            reason = trouble or "Its order is asked about, and the answers cannot be read."
        elif late in (Late.POLL, Late.REFILL_POLL) and account.moved_at is not None:
            # A paused one says that alone
            reason = trouble or f"{account.name}: {_MOVED.label}."
        order_id = getattr(account, f"{late}_order", None)
        yield Standstill(late, since, reason, account.pk, account.name, order_id)
    yield from _searched_too_long(account, halts, now)


def _searched_too_long(account: Any, halts: Sequence[Halt], now: datetime) -> Iterator[Standstill]:
    """Whatever the search meets, its time ends, and the halt with it: only an account that cannot
    be called at all, or whose catalog at a new address is unread, is not searched."""
    time = account.grace_seconds + clocks.RECOVERY_PATIENCE_SECONDS
    over = now - Late.SEARCH.limit - timedelta(seconds=time)
    for halt in halts:
        is_own = halt.provider_id == account.pk
        if halt.kind == HaltKind.ANSWER_LOST and is_own and halt.placed_at <= over:
            health = account_health(account, now=now)
            reason = f"{account.name}: {health.label}." if health.state in _NO_WAY_IN else ""
            since = halt.placed_at + timedelta(seconds=time)
            yield Standstill(Late.SEARCH, since, reason, account.pk, account.name)


def _held(names: dict[int, str], now: datetime) -> Iterator[Standstill]:
    for since, order_id, provider_id, what in oldest_held(now):
        reason = "What it was held for is over." if Late(what) is Late.HELD else ""
        account = names.get(provider_id, "")
        yield Standstill(Late(what), since, reason, provider_id, account, order_id)


def _waits_on_purpose(late: Late, account: Any, halts: Sequence[Halt], now: datetime) -> bool:
    if late is Late.LEASE:
        return not account.has_key
    write = _WRITES.get(late)
    if write is None:
        return False
    if not account.is_active or any(halt.holds(write) for halt in halts):
        return True
    newest = account.newest_send if late is Late.ORDER else None
    if newest is None or not now - Late.ORDER.limit < newest <= now:
        return False
    # What is due first goes first: a later one has overtaken it, unless that was put off since
    return not account.order_since < account.newest_due <= newest


def _elsewhere(now: datetime) -> Iterator[Standstill]:
    """Bulk actions that no worker has had in its hands for a while: what is given back at the end
    of a run says when; so of comparisons after a restore. Mass orders of which nothing came for a
    while, whoever holds them: one may kill each worker that takes it. With them, what other
    machines keep on their disks."""
    limit = now - Late.JOB.limit
    jobs = BulkJob.objects.free_to_run(now).annotate(
        since=Coalesce("held_until", "created_at"), what=Value(Late.JOB.value)
    )
    begun_at = Coalesce("placed_at", "created_at")
    newest = Order.objects.filter(batch=OuterRef("pk")).order_by("-pk").values("created_at")[:1]
    batches = OrderBatch.objects.filter(state=BatchState.PLACING).annotate(
        since=Greatest(begun_at, Coalesce(Subquery(newest), begun_at)),
        what=Value(Late.BATCH.value),
    )
    runs = ReconcileRun.objects.free_to_run(now).annotate(
        since=Coalesce("held_until", "created_at"), what=Value(Late.COMPARE.value)
    )
    names = ("since", "pk", "what")
    begun = [
        waiting.order_by().filter(since__lte=limit).values_list(*names)
        for waiting in (jobs, batches, runs)
    ]
    places = answer_places.late_elsewhere(now).values_list(*names)
    for since, pk, what in begun[0].union(*begun[1:], places, all=True):
        match Late(what):
            case Late.JOB:
                yield Standstill(Late.JOB, since, job_id=pk)
            case Late.BATCH:
                yield Standstill(Late.BATCH, since, batch_id=pk)
            case Late.COMPARE:
                yield Standstill(Late.COMPARE, since)
            case late:
                yield _at_place(late, since, pk)


def _at_place(late: Late, since: datetime, pk: int) -> Standstill:
    host = AnswerPlace.objects.get(pk=pk).host
    return Standstill(late, since, _AT_PLACE[late], account=host)


def _files(now: datetime) -> Iterator[Standstill]:
    """Of this machine, as its disk is this moment."""
    try:
        oldest = min(answer_places.waiting_here(), default=now)
    except OSError as error:
        log.error("answers on disk cannot be listed: %s", error)
        yield Standstill(Late.SPOOL, now - Late.SPOOL.limit, UNLISTED)
        return
    if oldest <= now - Late.SPOOL.limit:
        yield Standstill(Late.SPOOL, oldest)
