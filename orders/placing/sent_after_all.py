"""An order that rested is sent after all: what it may buy a second time."""

from __future__ import annotations

from datetime import datetime

from ..models import Order, OrderQuerySet
from ..repeats import Lately


def same_beside(order: Order, now: datetime) -> OrderQuerySet:
    """What an order that rested buys a second time when it is sent after all: the same that is
    open, closed as unknown, or placed by anybody in the last day. It may be long ago that it was
    placed itself, and nobody was asked about it since."""
    lately = Lately.by_anybody(now)
    same = Order.objects.with_same_payload(order.service, order.link_key, order.units, lately)
    return same.exclude(pk=order.pk).order_by("-pk")
