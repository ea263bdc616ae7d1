"""What is known to have moved an account's balance, as movements with their bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet

from core import clocks
from providers.models import RefundStyle
from providers.panel_api.order_types.table import SUBSCRIPTIONS

from ..models import ChargeEntry, Order
from ..polling.final_charge import keeps_price, refund_of
from ..status import AT_PROVIDER, MAY_HAVE_COST, MONEY_BACK, THERE, Status
from .balance_intervals import LAG, ZERO, Movement
from .refunds import before_end, end_of, interval_of_end

_LEASE = timedelta(seconds=clocks.SEND_LEASE_SECONDS)
_GRACE = timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS)
_BETWEEN_POLLS = timedelta(seconds=clocks.POLL_CEILING_SECONDS)
_PAID = AT_PROVIDER | {Status.COMPLETED}  # the others may have got it all back
ROUNDING = Decimal("0.01")  # by so much of our estimate a provider may round


@dataclass(slots=True)
class KnownCharge:
    """`unpriced` orders may have cost something, and nobody can say how much."""

    movements: list[Movement] = field(default_factory=list)
    charged: Decimal = ZERO
    refunded: Decimal = ZERO
    counted: int = 0
    unpriced: int = 0


def known_movements(provider_id: int, opening: datetime, closing: datetime) -> KnownCharge:
    """Everything that may have moved the balance between these two readings. Where nobody has
    said how the provider refunds, what an ended order still costs may have come back."""
    known = booked_movements(provider_id, opening, closing)
    for order in _perhaps_refunded(provider_id, opening, closing).iterator():
        end, was = end_of(order), before_end(order)
        if keeps_price(was, end) and (refund := refund_of(was, end)):
            known.movements.append(Movement(*interval_of_end(order), ZERO, refund))
    return known


def booked_movements(provider_id: int, opening: datetime, closing: datetime) -> KnownCharge:
    """What charges and refunds are known or expected of orders."""
    known = KnownCharge()
    rows = entries_between(provider_id, opening, closing)
    for low, high, amount in rows.values_list("at_low", "at_high", "amount").iterator():
        known.movements.append(Movement(low, high, -amount, -amount))
        known.counted += 1
        if amount > 0:
            known.charged += amount
        else:
            known.refunded -= amount
    for order in orders_without_charge(provider_id, opening, closing).iterator():
        if (movement := _of_order(order)) is None:
            known.unpriced += 1
        else:
            known.movements.append(movement)
    return known


def entries_between(
    provider_id: int, opening: datetime, closing: datetime
) -> QuerySet[ChargeEntry]:
    """The charges and refunds that count between two readings, surely or perhaps.

    Money is counted once in a family: of a drip-feed it is the parent that pays, where the
    provider says what it costs; of a subscription it is what it started.
    """
    started = Order.objects.filter(parent=OuterRef("order"))
    paying = (
        Q(order__parent=None)
        | Q(order__parent__type__in=SUBSCRIPTIONS)
        | Q(order__parent__charge=None)
    )
    paid_by_others = Q(order__parent=None, order__type__in=SUBSCRIPTIONS)
    near = ChargeEntry.objects.filter(
        provider=provider_id, at_high__gt=opening - LAG, at_low__lte=closing
    )
    return near.filter(paying).filter(~paid_by_others | ~Exists(started))


def orders_without_charge(
    provider_id: int, opening: datetime, closing: datetime
) -> QuerySet[Order]:
    """Orders that are or may be at the provider, and whose charge we have not been told."""
    sent = Order.objects.filter(
        provider=provider_id,
        charge=None,
        status__in=sorted(MAY_HAVE_COST),
        sent_at__gt=opening - LAG - _GRACE,
        sent_at__lte=closing + _BETWEEN_POLLS,
    )
    by_then = Q(parent=None, sent_at__lte=closing)
    paying = by_then | Q(parent__type__in=SUBSCRIPTIONS)
    itself = ~Q(parent=None, type__in=SUBSCRIPTIONS)
    return sent.filter(paying).filter(itself)


def _perhaps_refunded(provider_id: int, opening: datetime, closing: datetime) -> QuerySet[Order]:
    return Order.objects.filter(
        provider=provider_id,
        provider__refund_style=RefundStyle.UNKNOWN,
        parent=None,
        status__in=sorted(MONEY_BACK),
        refund=None,
        charge__gt=0,
        ended_at__gt=opening - LAG,
        ended_at__lte=closing + _BETWEEN_POLLS,
    )


def _of_order(order: Order) -> Movement | None:
    """What an order may have taken: our estimate, and nothing where it may not be there."""
    low, high = order.estimate, order.estimate_high
    if order.parent_id is not None and order.rate is not None and order.units is not None:
        low = high = order.rate * order.units / 1000
    if low is None or high is None or order.sent_at is None:
        return None
    begins, ends = order.sent_at, order.sent_at + (_LEASE if order.status in THERE else _GRACE)
    if order.parent_id is not None:
        begins, ends = order.sent_at - _BETWEEN_POLLS, order.sent_at
    most = -low * (1 - ROUNDING) if order.status in _PAID else ZERO
    return Movement(begins, ends, -high * (1 + ROUNDING), most)
