"""A lane that sends: the queued orders of one account, one after the other, spaced."""

from __future__ import annotations

import time

from core import clocks
from core.clocks import Clock
from core.stopping import is_stopping
from providers.actions import lanes, pacing
from providers.models import LaneKind, Provider

from ..status import Status
from . import gates
from .dispatch import PlacesOrders, next_to_send, send_order

PATIENCE_SECONDS = 3.0  # waiting longer than this for its turn, the lane is better given back


def send_queued(provider: Provider, client: PlacesOrders, *, clock: Clock, seconds: float) -> int:
    """Send what is queued for this account for about `seconds`; how many sends were tried.

    Nothing while another worker has the account's placing lane, or a gate before it is closed.
    """
    if gates.is_closed(provider.pk):
        return 0
    holder = lanes.take_lane(
        provider.pk, LaneKind.PLACING, now=clock(), seconds=clocks.SEND_LEASE_SECONDS
    )
    if holder is None:
        return 0
    sent, ends = 0, time.monotonic() + seconds
    try:
        while time.monotonic() < ends and _send_next(provider, client, clock):
            sent += 1
            if is_stopping():
                break
            if not lanes.renew_lane(
                provider.pk, LaneKind.PLACING, holder,
                now=clock(), seconds=clocks.SEND_LEASE_SECONDS,
            ):  # fmt: skip
                break
    finally:
        lanes.give_back(provider.pk, LaneKind.PLACING, holder)
    return sent


def _send_next(provider: Provider, client: PlacesOrders, clock: Clock) -> bool:
    if next_to_send(provider, clock()) is None:
        return False
    waited = 0.0
    while wait := pacing.next_add(provider, now=clock()):
        waited += wait
        if waited > PATIENCE_SECONDS:
            return False
        time.sleep(wait)
    order = next_to_send(provider, clock())
    if order is None or is_stopping():
        return False
    sent = send_order(order, provider, client, clock=clock)
    return sent or order.status == Status.HELD  # the guard keeps this one: the next may go
