"""Asking once more about orders that ended a day ago."""

from __future__ import annotations

from celery import shared_task

from core import clocks, doorbell
from core.clocks import database_now
from providers.actions.lanes import free_of
from providers.models import LaneKind

from ..wake_ups import account_of
from . import recheck_ended


@shared_task(name="orders.look_back")
def look_back(*, provider_id: int) -> None:
    """As many of one account as fit into a turn; the next ring goes on from there."""
    if ready := account_of(provider_id):
        recheck_ended.look_back(*ready, clock=database_now, seconds=clocks.TURN_SECONDS)


@shared_task(name="orders.ring_look_back")
def ring_look_back() -> None:
    """Ring for every account with such orders."""
    now = database_now()
    found = recheck_ended.accounts_to_look_back_at(now)
    for provider_id in free_of(found, LaneKind.ENDED, now=now):
        doorbell.ring(look_back.name, provider_id=provider_id)
