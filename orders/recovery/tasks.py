"""Looking for orders whose answer was lost."""

from __future__ import annotations

from celery import shared_task

from core import doorbell
from core.clocks import database_now
from core.rows.loops import one_by_one

from ..sending import sweep_due
from ..wake_ups import account_of, ring
from .run import recover_account
from .search import wait_clock


@shared_task(name="orders.recover")
def recover(*, provider_id: int) -> None:
    """One recovery run of an account; what it sets free is rung for at once."""
    if ready := account_of(provider_id):
        recover_account(*ready, clock=database_now)
        if provider_id in sweep_due.providers_to_ring(database_now()):
            ring(provider_id)


@shared_task(name="orders.ring_recovery")
def ring_recovery() -> None:
    """Count the wait of lost orders, and ring for every account with something to look for."""
    one_by_one((_count_waits, _ring_each), lambda step: step(), what="lost orders of all accounts")


def _count_waits() -> None:
    wait_clock.count(now=database_now())


def _ring_each() -> None:
    for provider_id in sweep_due.accounts_to_recover(database_now()):
        doorbell.ring(recover.name, provider_id=provider_id)
