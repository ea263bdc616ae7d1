"""Making our rows what a provider's catalog is: fetch, compare in memory, write what differs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core import clocks
from core.clocks import Clock
from core.encryption import WrongEncryptionKey
from core.redaction import redact
from providers.connect import Connect, NoKey
from providers.models import CatalogRun, LeaseKind, Provider, RunState
from providers.panel_api import ProviderError

from ..calling import MustWait, ask, note_no_way_in
from ..leases import AccountLease, account_lease
from .apply_changes import apply_difference
from .differences import Difference, Proposed, compare, known_services, lists_of
from .plausibility import why_implausible
from .propose_terms import propose
from .runs import end_run, open_run
from .snapshots import Snapshot, packed, snapshot_of, unpacked

log = logging.getLogger(__name__)
FAILED_AGAIN_SECONDS = clocks.BREAKER_SECONDS[-1]
OWN_FAULT = "Something went wrong at the desk, not at the provider; its log says what."
NOT_WRITTEN = "It could not be written down and stays as it is; the log of the desk says why."


@dataclass(frozen=True, slots=True)
class MirrorRun:
    """Who works for the account, and how to show that they still do."""

    provider: Provider
    lease: AccountLease

    @property
    def clock(self) -> Clock:
        return self.lease.clock

    def goes_on(self) -> bool:
        """False when the lease ran out and somebody else has it: stop writing."""
        return self.lease.renew()


def mirror_run(provider: Provider, connect: Connect, *, clock: Clock) -> RunState | None:
    """Make the account's open run, or a new one, if nobody else does just now.

    Returns what became of it; None when another worker has the lease. A run that must wait for
    the account's token bucket stays RUNNING and its lease is due when the wait is over. Nothing a
    provider does is raised: it is in the run and in the account's health.
    """
    held_for = clocks.CATALOG_LEASE_SECONDS
    with account_lease(provider.pk, LeaseKind.CATALOG, clock=clock, seconds=held_for) as lease:
        return None if lease is None else _mirror_once(MirrorRun(provider, lease), connect)


def _mirror_once(mirror: MirrorRun, connect: Connect) -> RunState:
    """One run, and when the catalog is next wanted by how it ended."""
    due_in = timedelta(hours=mirror.provider.catalog_every_hours)
    try:
        run = open_run(mirror.provider, now=mirror.clock())
        run.provider = mirror.provider  # as it is asked, whoever has opened it
        return mirror_catalog(run, connect, mirror)
    except MustWait as busy:
        _say(run, "Waiting until the provider may be called again")
        due_in = timedelta(seconds=busy.seconds)
        return RunState.RUNNING
    except ProviderError:
        due_in = min(due_in, timedelta(seconds=FAILED_AGAIN_SECONDS))
        return RunState.FAILED
    finally:
        if _waits_for_its_catalog(mirror.provider):
            due_in = min(due_in, timedelta(seconds=FAILED_AGAIN_SECONDS))
        mirror.lease.due_at = mirror.clock() + due_in


def mirror_catalog(run: CatalogRun, connect: Connect, mirror: MirrorRun) -> RunState:
    """Fetch and apply, hold, or fail; a catalog that a person approved is applied as shown.

    Raises MustWait with the run still open, and ProviderError with the run ended.
    """
    try:
        if run.held_catalog is not None:
            return _apply_or_hold(run, unpacked(run.held_catalog), mirror, believed=True)
        return _apply_or_hold(run, _fetched(run, connect, mirror), mirror, believed=False)
    except MustWait:
        raise
    except ProviderError as error:
        end_run(run, RunState.FAILED, now=mirror.clock(), error=redact(error.reason)[:300])
        raise
    except (NoKey, WrongEncryptionKey) as error:
        note_no_way_in(mirror.provider, error, now=mirror.clock())
        end_run(run, RunState.FAILED, now=mirror.clock(), error=str(error)[:300])
    except Exception:  # a catalog we cannot keep must not be tried again for ever
        log.exception("The catalog of account %s could not be mirrored.", run.provider_id)
        end_run(run, RunState.FAILED, now=mirror.clock(), error=OWN_FAULT)
    return RunState.FAILED


def difference_of(provider: Provider, snapshot: Snapshot) -> Difference:
    """What would have to be written now."""
    return compare(known_services(provider), snapshot, is_first=is_first_catalog(provider))


def shown_difference(run: CatalogRun) -> dict[str, list[Proposed]]:
    """What applying a held run would do to our rows as they are now, as lists for its page."""
    assert run.held_catalog is not None  # noqa: S101 - only held runs are shown so
    return lists_of(difference_of(run.provider, unpacked(run.held_catalog)))


def is_first_catalog(provider: Provider) -> bool:
    return not provider.catalog_runs.filter(state=RunState.APPLIED).exists()


def _fetched(run: CatalogRun, connect: Connect, mirror: MirrorRun) -> Snapshot:
    provider = mirror.provider
    client = connect(provider)
    _say(run, "Fetching the catalog")
    catalog = ask(provider, client.services, clock=mirror.clock, placing_needs_it=False)
    if not Provider.objects.filter(pk=provider.pk, version=provider.version).exists():
        raise NoKey("Address or key were changed while the catalog was fetched.")
    return snapshot_of(catalog)


def _apply_or_hold(
    run: CatalogRun, snapshot: Snapshot, mirror: MirrorRun, *, believed: bool
) -> RunState:
    _say(run, "Comparing", total=snapshot.seen)
    difference = difference_of(mirror.provider, snapshot)
    if not believed and (why := why_implausible(snapshot, difference)):
        shown = difference.counts()
        if not propose(run, difference, still_ours=mirror.goes_on):
            return RunState.RUNNING
        end_run(
            run,
            RunState.HELD,
            now=mirror.clock(),
            held_because=why,
            held_catalog=packed(snapshot),
            **_seen(snapshot),
            **shown,
        )
        return RunState.HELD
    left = apply_difference(run, difference, now=mirror.clock(), still_ours=mirror.goes_on)
    if left is None:
        return RunState.RUNNING  # whoever has the lease now goes on with it
    if left:
        snapshot = snapshot.without(left, NOT_WRITTEN)
    end_run(run, RunState.APPLIED, now=mirror.clock(), **_seen(snapshot))
    return RunState.APPLIED


def _seen(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "seen": snapshot.seen,
        "unreadable": len(snapshot.unreadable),
        "unreadable_samples": snapshot.samples(),
    }


def _waits_for_its_catalog(provider: Provider) -> bool:
    """It was moved, and no catalog from there is applied or waits for a decision: orders wait."""
    moved = Provider.objects.filter(pk=provider.pk, moved_at__isnull=False)
    return moved.exists() and not provider.catalog_runs.held().exists()


def _say(run: CatalogRun, step: str, *, total: int = 0) -> None:
    CatalogRun.objects.running().filter(pk=run.pk).update(step=step, done=0, total=total)
