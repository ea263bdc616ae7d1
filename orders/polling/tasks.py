"""Asking once more about orders that ended a day ago."""

from __future__ import annotations

from celery import shared_task

from core import clocks, doorbell
from core.clocks import database_now
from providers.actions.leases import free_of
from providers.models import LeaseKind

from ..wake_ups import account_of
from . import recheck_ended


@shared_task(name="orders.recheck")
def recheck(*, provider_id: int) -> None:
    """As many of one account as fit into a run; the next ring goes on from there."""
    if ready := account_of(provider_id):
        recheck_ended.recheck_ended_orders(*ready, clock=database_now, seconds=clocks.TASK_SECONDS)


@shared_task(name="orders.ring_recheck")
def ring_recheck() -> None:
    """Ring for every account with such orders."""
    now = database_now()
    found = recheck_ended.accounts_to_recheck(now)
    for provider_id in free_of(found, LeaseKind.ENDED, now=now):
        doorbell.ring(recheck.name, provider_id=provider_id)
