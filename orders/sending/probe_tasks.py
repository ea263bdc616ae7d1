"""Probes of accounts that did not answer, so that orders go out within seconds of their return."""

from __future__ import annotations

from celery import shared_task

from core import doorbell
from core.clocks import database_now
from providers.actions.leases import free_of
from providers.models import LeaseKind
from providers.tasks import read_balance

from .. import wake_ups
from ..polling import probe_account
from . import sweep_due


@shared_task(name="orders.ring_probes")
def ring_probes() -> None:
    """Ring for each account that may be tried again."""
    now = database_now()
    for provider_id, by_status in probe_account.accounts_to_probe(now):
        if by_status:
            doorbell.ring(probe.name, provider_id=provider_id)
        elif free_of([provider_id], LeaseKind.BALANCE, now=now):
            doorbell.ring(read_balance.name, provider_id=provider_id)
    for provider_id in sweep_due.providers_to_ring(now):
        wake_ups.ring(provider_id)


@shared_task(name="orders.probe")
def probe(*, provider_id: int) -> None:
    """Ask one account for the status of an order; send what waits when it answers."""
    if not (ready := wake_ups.account_of(provider_id)):
        return
    answered = probe_account.probe_by_status(*ready, clock=database_now)
    if answered and provider_id in sweep_due.providers_to_ring(database_now()):
        wake_ups.ring(provider_id)
