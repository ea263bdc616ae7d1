"""Leases: one worker at a time for one kind of work at one account.

Every step is a single filtered UPDATE, so it holds on SQLite and PostgreSQL alike. A holder
that died loses its lease when the lease runs out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from core import clocks
from core.clocks import Clock
from core.rows import leases
from core.rows.bulk import one_writer
from core.rows.leases import is_free
from providers.models import Lease, LeaseKind, Provider, ProviderHealth


def ensure_leases(provider_id: int, *, due_at: datetime | None = None) -> None:
    """The leases and the health row of an account, made where they are missing.

    `due_at` is when balance and catalog are first wanted; the other leases are rung by orders.
    """
    rung = {LeaseKind.BALANCE, LeaseKind.CATALOG}
    rows = [
        Lease(provider_id=provider_id, kind=kind, due_at=due_at if kind in rung else None)
        for kind in LeaseKind
    ]
    Lease.objects.bulk_create(rows, ignore_conflicts=True)
    ProviderHealth.objects.bulk_create(
        [ProviderHealth(provider_id=provider_id)], ignore_conflicts=True
    )


def _is_free(now: datetime) -> Q:
    """A catalog is held for longer than anything else."""
    catalog = Q(kind=LeaseKind.CATALOG)
    of_catalog = catalog & is_free(now, clocks.CATALOG_LEASE_SECONDS)
    return of_catalog | ~catalog & is_free(now, clocks.LEASE_SECONDS)


def held(kind: LeaseKind, *, now: datetime) -> QuerySet[Lease]:
    """The leases of a kind that are in somebody's hands."""
    return Lease.objects.filter(kind=kind).exclude(_is_free(now))


def free_of(found: Iterable[int], kind: LeaseKind, *, now: datetime) -> list[int]:
    """Those of these accounts at which nobody does this kind of work just now."""
    busy = set(held(kind, now=now).values_list("provider_id", flat=True))
    return [provider_id for provider_id in found if provider_id not in busy]


def acquire_lease(
    provider_id: int, kind: LeaseKind, *, now: datetime, seconds: float
) -> str | None:
    """The holder's token, or None while somebody else holds the lease."""
    lease = Lease.objects.filter(provider_id=provider_id, kind=kind)
    with one_writer():
        mine = leases.acquire(lease, now=now, seconds=seconds)
    if mine is None:
        if lease.exists() or not Provider.objects.filter(pk=provider_id).exists():
            return None
        ensure_leases(provider_id)
        mine = leases.acquire(lease, now=now, seconds=seconds)
    return mine["holder"] if mine else None


def renew_lease(
    provider_id: int, kind: LeaseKind, holder: str, *, now: datetime, seconds: float
) -> bool:
    """Hold on for `seconds` from now. False: the lease ran out and somebody else took it."""
    lease = Lease.objects.filter(provider_id=provider_id, kind=kind, holder=holder)
    return leases.renew(lease, now=now, seconds=seconds)


def release_lease(
    provider_id: int, kind: LeaseKind, holder: str, *, due_at: datetime | None = None
) -> bool:
    """Let go, and say when this work is next wanted (None leaves it as it is).

    False: it was not ours any more, and nothing was written.
    """
    lease = Lease.objects.filter(provider_id=provider_id, kind=kind, holder=holder)
    wanted = {} if due_at is None else {"due_at": due_at}
    return leases.release(lease, **wanted)


@dataclass(slots=True)
class AccountLease:
    """One worker's, for one kind of work at one account, acquired or renewed at `since`. `due_at`
    says when this work is next wanted; None leaves it as it is."""

    provider_id: int
    kind: LeaseKind
    holder: str
    clock: Clock
    seconds: float
    since: datetime
    due_at: datetime | None = None

    def renew(self) -> bool:
        """Hold on. False: it ran out and somebody else took it."""
        self.since = self.clock()
        return renew_lease(
            self.provider_id, self.kind, self.holder, now=self.since, seconds=self.seconds
        )


@contextmanager
def account_lease(
    provider_id: int, kind: LeaseKind, *, clock: Clock, seconds: float = clocks.LEASE_SECONDS
) -> Iterator[AccountLease | None]:
    """Hold the lease while the block runs, and release it however that ends. None: somebody else
    is at this work."""
    now = clock()
    holder = acquire_lease(provider_id, kind, now=now, seconds=seconds)
    if holder is None:
        yield None
        return
    lease = AccountLease(provider_id, kind, holder, clock, seconds, since=now)
    try:
        yield lease
    finally:
        release_lease(provider_id, kind, holder, due_at=lease.due_at)


def make_due(provider_id: int, kind: LeaseKind, *, at: datetime) -> bool:
    """Want this work by `at` at the latest. True when that is earlier than it was."""
    lease = Lease.objects.filter(provider_id=provider_id, kind=kind)
    return bool(lease.filter(Q(due_at=None) | Q(due_at__gt=at)).update(due_at=at))


def due_leases(kinds: Iterable[LeaseKind], *, now: datetime) -> list[tuple[int, LeaseKind]]:
    """(account, kind) of work that is due and in nobody's hands, the longest due first."""
    found = (
        Lease.objects.filter(kind__in=list(kinds), due_at__lte=now)
        .filter(_is_free(now))
        .order_by("due_at", "pk")
        .values_list("provider_id", "kind")
    )
    return [(provider_id, LeaseKind(kind)) for provider_id, kind in found]
