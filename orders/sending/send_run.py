"""A lease that sends: the queued orders of one account, one after the other, spaced."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from core import clocks
from core.clocks import Clock
from core.release import OLDER_CODE, newer_migrations
from core.rows.loops import AWAY
from core.stopping import is_stopping
from providers.actions import token_bucket
from providers.actions.leases import account_lease
from providers.models import LeaseKind, Provider

from ..models import Order
from ..status import Flag, Status
from . import claims, halts
from .send_orders import PlacesOrders, next_to_send, send_order

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 3.0  # waiting longer than this for its turn, the lease is better given back


def send_queued(provider: Provider, client: PlacesOrders, *, clock: Clock, seconds: float) -> int:
    """Send what is queued for this account for about `seconds`; how many sends were tried.

    Nothing while another worker has the account's placing lease, while a halt stands before it, or
    where the database is of a newer release than this worker.
    """
    if newer := newer_migrations():
        log.error("%s %s", OLDER_CODE, ", ".join(newer))
        return 0
    if halts.sending_is_halted(provider.pk):
        return 0
    sent, ends, left = 0, time.monotonic() + seconds, set[int]()
    held_for = clocks.SEND_LEASE_SECONDS
    with account_lease(provider.pk, LeaseKind.PLACING, clock=clock, seconds=held_for) as lease:
        if lease is None:
            return 0
        while time.monotonic() < ends and _send_next(provider, client, clock, lease.since, left):
            sent += 1
            if is_stopping() or not lease.renew():
                break
    return sent


def _send_next(
    provider: Provider, client: PlacesOrders, clock: Clock, now: datetime, left: set[int]
) -> bool:
    """`now` is when the lease was acquired or renewed, a moment ago. `left` are those that make way
    until the next lease, as the database takes nothing of them."""
    order = next_to_send(provider, now, besides=left)
    if order is None:
        return False
    patience = PATIENCE_SECONDS
    while wait := token_bucket.next_add(provider, now=now):
        patience -= wait  # of all waits together: a breaker that nobody probes asks for ever
        if patience < 0:
            return False
        time.sleep(wait)
        now, order = clock(), None
    order = order or next_to_send(
        provider, now, besides=left
    )  # after a wait another may be the first
    if order is None or is_stopping():
        return False
    is_sent = _send(order, provider, client, clock, left)
    return is_sent or not _is_still_first(order, provider, clock, left)


def _send(
    order: Order, provider: Provider, client: PlacesOrders, clock: Clock, left: set[int]
) -> bool:
    try:
        return send_order(order, provider, client, clock=clock)
    except AWAY:
        raise
    except Exception:
        if not _made_way(order, clock, left):
            raise  # it was claimed: its end is the reaper's
        log.exception("order %s cannot be sent; those behind it go on", order.pk)
        return False


def _made_way(order: Order, clock: Clock, left: set[int]) -> bool:
    """Put back for a while; where the database does not take that either, left out for as long as
    the lease lasts. False: it is not queued any more."""
    try:
        return claims.put_back(order, Flag.NOT_CLAIMED, now=clock())
    except AWAY:
        raise
    except Exception:
        if not Order.objects.filter(pk=order.pk, status=Status.QUEUED).exists():
            return False
        log.exception("order %s cannot be put back", order.pk)
        left.add(order.pk)
        return True


def _is_still_first(order: Order, provider: Provider, clock: Clock, left: set[int]) -> bool:
    """Then it is not this order that keeps the lease: a halt stands, or another send is under
    way. Held or put back, it has made way for the next one."""
    following = next_to_send(provider, clock(), besides=left)
    return following is not None and following.pk == order.pk
