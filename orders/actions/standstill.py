"""What should have gone on and has not, whatever the cause: one list of outcomes that are late.

It looks at rows and files, never at how they came to stand there. Each question is one seek in an
index, or one an account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from providers.account_health import account_health
from providers.models import Lane, Provider

from ..models import Attempt, CancelRequest, Gate, Order, Refill, Watch
from ..status import Outcome
from . import spooling
from .writes import answer_files


class Late(StrEnum):
    """What is late; the label is the start of a sentence."""

    ORDER = "order"
    POLL = "poll"
    REFILL = "refill"
    CANCEL = "cancel"
    LEASE = "lease"
    SENDING = "sending"
    UNCONFIRMED = "unconfirmed"
    SPOOL = "spool"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def limit(self) -> timedelta:
        """How late it may be before it is told."""
        return timedelta(seconds=_LIMITS[self])


_LABELS = {
    Late.ORDER: "An order that could be sent is not sent",
    Late.POLL: "An open order is not asked about",
    Late.REFILL: "A refill does not go on",
    Late.CANCEL: "A request to cancel does not go on",
    Late.LEASE: "A balance or a catalog is not read",
    Late.SENDING: "A send whose worker was lost is not given up",
    Late.UNCONFIRMED: "An unconfirmed order is not resolved",
    Late.SPOOL: "An answer on disk is not taken in",
}
_LIMITS = {
    Late.ORDER: 180,
    Late.POLL: 900,
    Late.REFILL: 900,
    Late.CANCEL: 900,
    Late.LEASE: 1800,
    Late.SENDING: 120,
    Late.UNCONFIRMED: 24 * 3600,
    Late.SPOOL: 120,
}


@dataclass(frozen=True, slots=True)
class Standstill:
    """`since` is when it should have gone on; `reason` is empty where none is known. `order_id` and
    `provider_id` say where, as far as there is such a place."""

    late: Late
    since: datetime
    reason: str = ""
    provider_id: int | None = None
    account: str = ""
    order_id: int | None = None


def standstills(now: datetime) -> list[Standstill]:
    """The oldest of each kind at each account, oldest first."""
    accounts = list(_with_oldest(now))
    gated: set[int | None] = set(Gate.objects.closed().values_list("provider_id", flat=True))
    found = [
        *_orders(accounts, gated, now),
        *_polls(accounts, now),
        *_requests(now),
        *_leases(now),
        *_attempts(now),
        *_files(now),
    ]
    return sorted(found, key=lambda late: late.since)


def _with_oldest(now: datetime) -> QuerySet[Provider, Any]:
    """Accounts with the oldest order to send, the newest send and the oldest poll of each."""
    mine = {"provider": OuterRef("pk")}
    queued = Order.objects.filter(**mine).due_to_send(now).order_by("send_after", "pk")
    polls = Watch.objects.filter(**mine).oldest_first()
    sends = Attempt.objects.filter(**mine).order_by("-pk")
    return Provider.objects.for_list().annotate(
        queued_since=Subquery(queued.values("send_after")[:1]),
        queued_order=Subquery(queued.values("pk")[:1]),
        newest_send=Subquery(sends.values("started_at")[:1]),
        poll_due=Subquery(polls.values("next_at")[:1]),
        poll_order=Subquery(polls.values("order_id")[:1]),
    )


def _orders(accounts: Iterable[Any], gated: set[int | None], now: datetime) -> Iterator[Standstill]:
    """Orders behind a stop wait on purpose, and a long queue that moves does not stand still."""
    if None in gated:
        return
    limit = now - Late.ORDER.limit
    for account in accounts:
        since, newest = account.queued_since, account.newest_send
        if since is None or since > limit or account.pk in gated or not account.is_active:
            continue
        if newest is None or not limit < newest <= now:
            yield _at(account, Late.ORDER, since, account.queued_order, now)


def _polls(accounts: Iterable[Any], now: datetime) -> Iterator[Standstill]:
    for account in accounts:
        if account.poll_due is not None and account.poll_due <= now - Late.POLL.limit:
            yield _at(account, Late.POLL, account.poll_due, account.poll_order, now)


def _at(account: Provider, late: Late, since: datetime, order: int, now: datetime) -> Standstill:
    """With the state of the account as the reason, where that explains it."""
    health = account_health(account, now=now)
    reason = f"{account.name}: {health.label}." if health.is_trouble else ""
    return Standstill(late, since, reason, account.pk, account.name, order)


def _requests(now: datetime) -> Iterator[Standstill]:
    due = (
        (Late.REFILL, Refill.objects.due_to_send(now - Late.REFILL.limit)),
        (Late.REFILL, Refill.objects.due_to_ask(now - Late.REFILL.limit)),
        (Late.CANCEL, CancelRequest.objects.due_to_send(now - Late.CANCEL.limit)),
    )
    for late, rows in due:
        row = rows.select_related("provider__health").order_by("due_at", "pk").first()
        if row is not None and row.provider.is_active:
            yield _at(row.provider, late, row.due_at, row.order_id, now)


def _leases(now: datetime) -> Iterator[Standstill]:
    """Also of a worker that died: its lease has run out and nobody took the work up again."""
    late = Lane.objects.filter(due_at__lte=now - Late.LEASE.limit, kind__in=("balance", "catalog"))
    reachable = late.exclude(provider__key_ciphertext="").select_related("provider__health")
    lane = reachable.order_by("due_at", "pk").first()
    if lane is not None and lane.due_at is not None:
        health = account_health(lane.provider, now=now)
        reason = f"{lane.provider.name}: {health.label}." if health.is_trouble else ""
        yield Standstill(Late.LEASE, lane.due_at, reason, lane.provider_id, lane.provider.name)


def _attempts(now: datetime) -> Iterator[Standstill]:
    sending = Attempt.objects.filter(
        outcome=Outcome.IN_FLIGHT, lease_until__lte=now - Late.SENDING.limit
    ).order_by("lease_until")
    for attempt in sending[:1]:
        yield Standstill(
            Late.SENDING, attempt.lease_until, "", attempt.provider_id, order_id=attempt.order_id
        )
    lost = Attempt.objects.filter(
        outcome=Outcome.UNKNOWN, resolved_by=None, unknown_at__lte=now - Late.UNCONFIRMED.limit
    ).select_related("provider")
    for attempt in lost.order_by("unknown_at")[:1]:
        since = attempt.unknown_at or attempt.started_at
        yield Standstill(
            Late.UNCONFIRMED, since, "It waits for somebody to decide.",
            attempt.provider_id, attempt.provider.name, attempt.order_id,
        )  # fmt: skip


def _files(now: datetime) -> Iterator[Standstill]:
    """Of this machine; what another one keeps, its own pages and log tell."""
    moments = [
        moment
        for directory in (spooling.directory(), answer_files.directory())
        for path in directory.glob("*.json")
        if (moment := _written_at(path)) is not None
    ]
    oldest = min(moments, default=now)
    if oldest <= now - Late.SPOOL.limit:
        yield Standstill(Late.SPOOL, oldest)


def _written_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:  # taken in meanwhile
        return None
