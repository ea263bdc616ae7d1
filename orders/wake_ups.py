"""Waking a worker up for one account, by the name of its task: the row is the queue, and what
is not heard is found by the sweep. Views and tasks of every room ring here."""

from __future__ import annotations

import logging

from core import doorbell
from core.clocks import database_now
from core.encryption import WrongEncryptionKey
from providers.actions.calling import note_no_way_in, note_way_in
from providers.connect import NoKey, client_for
from providers.models import Provider
from providers.panel_api import PanelClient

from .models import Order, PollSchedule

log = logging.getLogger(__name__)


def account_of(provider_id: int) -> tuple[Provider, PanelClient] | None:
    """The account and its client; None when it cannot be called, which its page shows."""
    provider = Provider.objects.select_related("health").get(pk=provider_id)
    try:
        client = client_for(provider)
    except NoKey:
        log.warning("provider %s cannot be called: it has no key", provider_id)
        return None
    except WrongEncryptionKey as error:
        note_no_way_in(provider, error, now=database_now())
        return None
    health = getattr(provider, "health", None)
    if health is not None and health.key_unreadable_at is not None:
        note_way_in(provider)
    return provider, client


def ring(provider_id: int) -> None:
    """Ring for the queued orders of an account; without a broker the sweep will find them."""
    doorbell.ring("orders.dispatch", provider_id=provider_id)


def ring_polling(provider_id: int) -> None:
    """Ring for the open orders of an account."""
    doorbell.ring("orders.follow", provider_id=provider_id)


def ring_requests(provider_id: int) -> None:
    """Ring for the requests of an account; without a broker the sweep will find them."""
    doorbell.ring("orders.send_requests", provider_id=provider_id)


def refresh(order: Order) -> bool:
    """Have this order asked about next. False: it is not being followed."""
    due = PollSchedule.objects.filter(order=order).update(next_at=database_now(), batch_cap=0)
    if not due:
        return False
    ring_polling(order.provider_id)
    return True
