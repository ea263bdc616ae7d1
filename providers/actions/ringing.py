"""Which work at which account wants a bell now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from core import clocks
from providers.models import CatalogRun, LeaseKind, Provider, ProviderHealth

from . import leases
from .connection_checks import waiting_reports
from .leases import due_leases, ensure_leases


@dataclass(frozen=True, slots=True)
class Due:
    """Ids: accounts whose balance or catalog is due, reports nobody has begun."""

    balances: list[int]
    catalogs: list[int]
    reports: list[int]


def due_work(*, now: datetime) -> Due:
    """Everything that is due, and everything whose bell was lost."""
    for provider_id in Provider.objects.filter(leases=None).values_list("pk", flat=True):
        ensure_leases(provider_id, due_at=now)
    reachable = set(Provider.objects.with_key().values_list("pk", flat=True))
    due = due_leases([LeaseKind.BALANCE, LeaseKind.CATALOG], now=now)
    balances = {pk for pk, kind in due if kind is LeaseKind.BALANCE} | _wanting_a_probe(now)
    catalogs = {pk for pk, kind in due if kind is LeaseKind.CATALOG}
    return Due(
        balances=sorted(balances & reachable),
        catalogs=sorted(catalogs & reachable | _with_an_open_run(now)),
        reports=waiting_reports(now=now),
    )


def _wanting_a_probe(now: datetime) -> set[int]:
    """Accounts whose breaker would let one call through; a balance costs nothing."""
    busy = leases.held(LeaseKind.BALANCE, now=now).filter(provider=OuterRef("pk"))
    asked = ProviderHealth.objects.filter(open_until__lte=now).exclude(Exists(busy))
    return set(asked.values_list("pk", flat=True))


def _with_an_open_run(now: datetime) -> set[int]:
    """Accounts with a run that nobody works on: its bell was lost, or its worker died."""
    held = leases.held(LeaseKind.CATALOG, now=now).filter(provider=OuterRef("provider"))
    lost = Q(started_at__lte=now - timedelta(seconds=clocks.PROVIDERS_EVERY_SECONDS))
    left = CatalogRun.objects.running().filter(lost).exclude(Exists(held))
    return set(left.values_list("provider_id", flat=True))
