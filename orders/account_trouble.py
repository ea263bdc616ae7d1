"""What of its provider's account keeps an order waiting: its one health, where it matters."""

from __future__ import annotations

from datetime import datetime

from providers.account_health import AccountHealth, account_health

from .models import Order
from .status import HoldReason, Status

_BY_THE_ACCOUNT = frozenset({HoldReason.KEY, HoldReason.FUNDS, HoldReason.PROVIDER_PAUSED})


def account_trouble(order: Order, *, now: datetime) -> AccountHealth | None:
    """None when the order does not wait, or not for its account."""
    held = order.status == Status.HELD and order.hold_reason in _BY_THE_ACCOUNT
    if order.status != Status.QUEUED and not held:
        return None
    health = account_health(order.provider, now=now)
    return health if health.keeps_orders else None
