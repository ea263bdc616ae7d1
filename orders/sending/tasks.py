"""Sending, polling and the sweeps, and probes of accounts that did not answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from celery import shared_task
from django.conf import settings

from core import clocks, doorbell
from core.clocks import database_now
from core.rows.loops import one_by_one
from providers.actions.leases import free_of
from providers.models import LeaseKind
from providers.tasks import read_balance

from .. import wake_ups
from ..limits import spending
from ..polling import poll_cycle, probe_account, status_aliases
from . import clock_ahead, invariants, send_run, sweep_due

log = logging.getLogger(__name__)


@shared_task(name="orders.dispatch")
def dispatch(*, provider_id: int) -> None:
    """Send the queued orders of one account; what a run leaves is rung for at its end."""
    if not (ready := wake_ups.account_of(provider_id)):
        return
    sent = send_run.send_queued(*ready, clock=database_now, seconds=clocks.TASK_SECONDS)
    if sent and provider_id in sweep_due.providers_to_ring(database_now()):
        wake_ups.ring(provider_id)


@shared_task(name="orders.sweep")
def sweep() -> None:
    """Hold, release, and ring again for everything that may be sent; what was lost is told here
    too, so that it is seen although the workers that poll are away."""
    now = database_now()
    steps: tuple[Callable[[], object], ...] = (
        lambda: _reap(now),
        lambda: sweep_due.forget_funds_refusals(now=now),
        lambda: sweep_due.hold_and_release(now=now),
        lambda: status_aliases.make_known_words_due(now=now),
    )
    one_by_one(steps, lambda step: step(), what="sweep")
    for provider_id in sweep_due.providers_to_ring(now):
        wake_ups.ring(provider_id)


@shared_task(name="orders.reap")
def reap() -> None:
    """Sends whose worker was lost become unconfirmed."""
    _reap(database_now())


def _reap(now: datetime) -> None:
    if reaped := sweep_due.reap_lost_sends(now=now):
        log.warning("%s sends were lost with their worker and are unconfirmed now", reaped)


@shared_task(name="orders.check_orders")
def check_orders() -> None:
    """Orders and their sends that do not fit together are put right or shown; so are moments that
    a clock wrote which was ahead, and sums of a day."""
    now = database_now()
    if pulled := clock_ahead.pull_back(now):
        log.warning("%s moments were further ahead than they can be and count as come", pulled)
    if wrong := spending.check_days(now=now):
        log.warning("%s sums of what somebody spends in a day were wrong and were put right", wrong)
    if fixed := invariants.check_orders(now=now):
        log.warning("%s orders did not fit their sends and were put right", fixed)


@shared_task(name="orders.follow")
def poll(*, provider_id: int) -> None:
    """Runs of one account."""
    if not (ready := wake_ups.account_of(provider_id)):
        return
    done = poll_cycle.poll_account(*ready, clock=database_now, seconds=clocks.TASK_SECONDS)
    if done and any(run.released for run in done.runs):
        wake_ups.ring(provider_id)
    if done and done.more:
        wake_ups.ring_polling(provider_id)


@shared_task(name="orders.ring_due")
def ring_due() -> None:
    """Give the free leases to the accounts that have waited longest."""
    accounts = sweep_due.accounts_to_poll(database_now(), leases=settings.POLL_LEASES)
    for provider_id in accounts:
        wake_ups.ring_polling(provider_id)


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
