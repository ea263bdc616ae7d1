"""Reading a catalog because something hangs on what it says now."""

from __future__ import annotations

from django.db.models import Max, Q

from core.clocks import Clock
from providers.connect import Connect
from providers.models import CatalogRun, Provider, RunState

from .mirror_catalog import mirror_run


def read_now(provider: Provider, connect: Connect, *, clock: Clock) -> bool:
    """Whether our rows are a whole catalog that was asked for after this was called.

    False where another worker is at it, the account may not be called, the catalog did not come,
    had rows that nobody can read, or waits for a person; and where what was applied is a catalog
    that a person has just approved, for that one was fetched before.
    """
    runs = CatalogRun.objects.filter(provider=provider)
    newest = runs.aggregate(newest=Max("pk"))["newest"] or 0
    under_way = runs.running().values_list("pk", flat=True).first()
    if mirror_run(provider, connect, clock=clock) is not RunState.APPLIED:
        return False
    made = runs.filter(Q(pk__gt=newest) | Q(pk=under_way)).exclude(state=RunState.RUNNING)
    run = made.order_by("-pk").first()
    return run is not None and run.state == RunState.APPLIED and is_whole(run)


def is_whole(run: CatalogRun) -> bool:
    """It was written as it came, and all of it could be read."""
    return not run.held_because and not run.unreadable
