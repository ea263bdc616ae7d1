"""Refills and cancels: sending them, asking about them, the sweeps."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from celery import shared_task

from core import clocks, doorbell
from core.clocks import database_now
from core.rows.loops import one_by_one
from providers.actions.leases import free_of
from providers.models import LeaseKind

from .. import wake_ups
from . import runs

log = logging.getLogger(__name__)


@shared_task(name="orders.send_requests")
def send_requests(*, provider_id: int) -> None:
    """Send the refills and cancels that were asked for at one account."""
    if ready := wake_ups.account_of(provider_id):
        runs.send_requests(*ready, clock=database_now, seconds=clocks.TASK_SECONDS)


@shared_task(name="orders.follow_refills")
def poll_refills(*, provider_id: int) -> None:
    """Ask how the refills of one account are going."""
    if ready := wake_ups.account_of(provider_id):
        runs.ask_about_refills(*ready, clock=database_now, seconds=clocks.TASK_SECONDS)


@shared_task(name="orders.sweep_requests")
def sweep_requests() -> None:
    """End what is over, take lost claims for lost, and ring for all that is due."""
    now = database_now()
    steps: tuple[Callable[[], object], ...] = (
        lambda: runs.end_cancels(now=now),
        lambda: _reap(now),
    )
    one_by_one(steps, lambda step: step(), what="sweep of requests")
    for provider_id in free_of(runs.accounts_to_send_at(now), LeaseKind.REQUESTS, now=now):
        wake_ups.ring_requests(provider_id)
    for provider_id in free_of(runs.accounts_to_ask_at(now), LeaseKind.REFILLS, now=now):
        doorbell.ring(poll_refills.name, provider_id=provider_id)


def _reap(now: datetime) -> None:
    if reaped := runs.reap_lost_requests(now=now):
        log.warning("%s refills and cancels were lost with their worker", reaped)
