"""The life of a catalog run: opened, held, decided by a person, ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from core.models import User
from core.rows.constraints import raise_unless_broken
from providers.models import CatalogRun, ProposedTerms, Provider, RunState


def open_run(provider: Provider, *, now: datetime, actor: User | None = None) -> CatalogRun:
    """A run to be made by the next bell; the one under way if there is one."""
    try:
        with transaction.atomic():
            return CatalogRun.objects.create(
                provider=provider, started_at=now, started_by=actor, step="Waiting for a worker"
            )
    except IntegrityError as error:
        raise_unless_broken(error, "one_run_at_a_time")
        under_way = CatalogRun.objects.running().filter(provider=provider).first()
        return under_way or open_run(provider, now=now, actor=actor)


def end_run(run: CatalogRun, state: RunState, *, now: datetime, **columns: Any) -> bool:
    """Close a running run and overtake older ones that wait for a person.

    A failed run overtakes nothing, not even what an earlier one proposed: it is still the newest
    that is known. One of a new address ends the wait for it, if the account is as it was when it
    was read for this run. False: it was not running any more.
    """
    if state is not RunState.HELD:
        columns["held_catalog"] = None
    with transaction.atomic():
        if (
            not CatalogRun.objects.running()
            .filter(pk=run.pk)
            .update(state=state, ended_at=now, step="", **columns)
        ):
            return False
        if state is RunState.APPLIED:
            here = Provider.objects.filter(pk=run.provider_id, version=run.provider.version)
            here.filter(moved_at__lte=run.started_at).update(moved_at=None)
        if state is not RunState.FAILED:
            older = CatalogRun.objects.held().filter(provider=run.provider_id)
            older.exclude(pk=run.pk).update(
                state=RunState.SUPERSEDED, ended_at=now, held_catalog=None
            )
            _forget_proposals(run, state)
    return True


def approve_run(run: CatalogRun, *, actor: User, now: datetime) -> bool:
    """Let a held catalog be applied, exactly as it was shown, by the next bell.

    False: somebody else decided, or a newer run is under way or has overtaken it.
    """
    try:
        with transaction.atomic():
            return _decide(
                run,
                RunState.RUNNING,
                actor,
                "applied",
                now,
                step="Waiting for a worker",
                done=0,
                total=0,
                added=0,
                changed=0,
                gone=0,
                back=0,
            )
    except IntegrityError as error:  # one_run_at_a_time: a newer run is under way
        raise_unless_broken(error, "one_run_at_a_time")
        return False


def refuse_run(run: CatalogRun, *, actor: User, now: datetime) -> bool:
    """Throw a held catalog away. False: it was not held any more."""
    with transaction.atomic():
        refused = _decide(
            run, RunState.REFUSED, actor, "refused", now, ended_at=now, held_catalog=None
        )
        if refused:
            ProposedTerms.objects.filter(run=run).delete()
        return refused


def _forget_proposals(run: CatalogRun, state: RunState) -> None:
    """What this run says goes for every service of the account, whatever was proposed before."""
    proposals = ProposedTerms.objects.filter(provider=run.provider_id)
    if state is RunState.HELD:
        proposals = proposals.exclude(run=run)
    proposals.delete()


def _decide(
    run: CatalogRun, state: RunState, actor: User, word: str, now: datetime, **columns: Any
) -> bool:
    held = CatalogRun.objects.held().filter(pk=run.pk, started_at=run.started_at)
    if not held.update(state=state, decided_by=actor, **columns):
        return False
    run.provider.remember(f"Held catalog {word}: {run.held_because}", now=now, actor=actor)
    return True
