"""Sending, following and the sweeps."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from celery import shared_task
from django.conf import settings

from core import clocks, doorbell
from core.clocks import database_now
from core.encryption import WrongEncryptionKey
from core.loops import one_by_one
from providers.actions.calling import note_no_way_in, note_way_in
from providers.connect import NoKey, client_for
from providers.models import Provider
from providers.panel_api import PanelClient

from ..actions import clock_ahead, following, invariants, sending, spending, sweeping, wording
from ..models import Order, Watch

log = logging.getLogger(__name__)


def account_of(provider_id: int) -> tuple[Provider, PanelClient] | None:
    """The account and its client; None when it cannot be called, which its page shows."""
    provider = Provider.objects.get(pk=provider_id)
    try:
        client = client_for(provider)
    except NoKey:
        log.warning("provider %s cannot be called: it has no key", provider_id)
        return None
    except WrongEncryptionKey as error:
        note_no_way_in(provider, error, now=database_now())
        return None
    note_way_in(provider)
    return provider, client


@shared_task(name="orders.dispatch")
def dispatch(*, provider_id: int) -> None:
    """Send the queued orders of one account; what a turn leaves is rung for at its end."""
    if not (ready := account_of(provider_id)):
        return
    sent = sending.send_queued(*ready, clock=database_now, seconds=clocks.TURN_SECONDS)
    if sent and provider_id in sweeping.providers_to_ring(database_now()):
        ring(provider_id)


@shared_task(name="orders.sweep")
def sweep() -> None:
    """Hold, release, and ring again for everything that may be sent; what was lost is told here
    too, so that it is seen although the workers that follow are away."""
    now = database_now()
    steps: tuple[Callable[[], object], ...] = (
        lambda: _reap(now),
        lambda: sweeping.forget_funds_refusals(now=now),
        lambda: sweeping.hold_and_release(now=now),
        lambda: wording.follow_known_words(now=now),
    )
    one_by_one(steps, lambda step: step(), what="sweep")
    for provider_id in sweeping.providers_to_ring(now):
        ring(provider_id)


@shared_task(name="orders.reap")
def reap() -> None:
    """Sends whose worker was lost become unconfirmed."""
    _reap(database_now())


def _reap(now: datetime) -> None:
    if reaped := sweeping.reap_lost_sends(now=now):
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
    if mended := invariants.check_orders(now=now):
        log.warning("%s orders did not fit their sends and were put right", mended)


@shared_task(name="orders.follow")
def follow(*, provider_id: int) -> None:
    """Account turns for one account."""
    if not (ready := account_of(provider_id)):
        return
    done = following.follow_account(*ready, clock=database_now, seconds=clocks.TURN_SECONDS)
    if done and any(turn.released for turn in done.turns):
        ring(provider_id)
    if done and done.more:
        ring_following(provider_id)


@shared_task(name="orders.ring_due")
def ring_due() -> None:
    """Give the free lanes to the accounts that have waited longest."""
    accounts = sweeping.accounts_to_follow(database_now(), lanes=settings.FOLLOW_LANES)
    for provider_id in accounts:
        ring_following(provider_id)


def ring(provider_id: int) -> None:
    """Ring for the queued orders of an account; without a broker the sweep will find them."""
    doorbell.ring(dispatch.name, provider_id=provider_id)


def ring_following(provider_id: int) -> None:
    """Ring for the open orders of an account."""
    doorbell.ring(follow.name, provider_id=provider_id)


def refresh(order: Order) -> bool:
    """Have this order asked about next. False: it is not being followed."""
    due = Watch.objects.filter(order=order).update(next_at=database_now(), batch_cap=0)
    if not due:
        return False
    ring_following(order.provider_id)
    return True
