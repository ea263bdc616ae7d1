"""Refunds that come apart from the charge, for orders that ended before this was known of their
provider. Those that end later get theirs with their last answer, in `plausibility`."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from core import clocks
from core.money import plain
from core.rows.loops import one_by_one
from providers.models import Provider, RefundStyle

from .. import charges
from ..flags import raise_flag
from ..models import Order, OrderQuerySet
from ..models.spend import recount
from ..polling.anomalies import Anomaly, AnomalyCode, anomalies_as_events
from ..polling.final_charge import End, too_much, weigh
from ..status import MONEY_BACK, Flag, Status

CHUNK = 200
_BETWEEN_POLLS = timedelta(seconds=clocks.POLL_CEILING_SECONDS)
_RECENT = timedelta(days=1)  # an answer that was checked before staff said it is written by then


def book_refunds(provider: Provider, *, now: datetime) -> int:
    """Bring ended orders into line with how the account refunds; how many were changed.

    All of them once after staff have said how, and then those that ended lately. Safe to repeat:
    each order is changed only from what it was read as.
    """
    style = RefundStyle(provider.refund_style)
    if style == RefundStyle.UNKNOWN:
        return 0
    orders = Order.objects.filter(provider=provider, charge__isnull=False)
    if provider.refunds_booked_as == style:
        orders = orders.filter(ended_at__gte=now - _RECENT)
    is_apart = style == RefundStyle.APART
    wanted = orders.filter(refund=None) if is_apart else orders.filter(refund__gt=0)
    broken = list[Order]()

    def book(order: Order) -> bool:
        broken.append(order)
        changed = _book_apart(order, now) if is_apart else _take_back(order, now)
        broken.pop()
        return changed

    changed = one_by_one(_in_chunks(wanted), book, what="refunds")
    if not broken:  # else all of them are gone through again
        same = Provider.objects.filter(pk=provider.pk, refund_style=style)
        same.update(refunds_booked_as=style)
    return changed


def end_of(order: Order) -> End:
    """How an order that has ended did."""
    assert order.charge is not None  # noqa: S101  (asked for such only)
    return End(Status(order.status), order.charge, order.remains, max(order.parts_done or 0, 1))


def before_end(order: Order) -> Order:
    """The order as it was checked at its end, for its own price to say whether its charge was
    lowered: what was charged before is not known any more."""
    known = copy(order)
    known.charge = None
    return known


def interval_of_end(order: Order) -> tuple[datetime, datetime]:
    """When the money of an ended order came back, as far as it can be told afterwards."""
    ended = order.ended_at or order.changed_at
    return max(order.sent_at or order.created_at, ended - _BETWEEN_POLLS), ended


def _book_apart(order: Order, now: datetime) -> bool:
    final = weigh(before_end(order), end_of(order), RefundStyle.APART)
    return final.refund is not None and _book(order, final.refund, final.anomaly, now)


def _in_chunks(orders: OrderQuerySet) -> Iterator[Order]:
    """Every one of them, a query for each chunk: they are changed meanwhile."""
    rows = orders.filter(status__in=sorted(MONEY_BACK)).order_by("pk")
    after = 0
    while found := list(rows.filter(pk__gt=after)[:CHUNK]):
        yield from found
        after = found[-1].pk


def _book(order: Order, refund: Decimal, anomaly: Anomaly | None, now: datetime) -> bool:
    changes = {"refund": refund}
    is_explained = order.charge is not None and too_much(order, order.charge) is None
    with transaction.atomic():
        same = Order.objects.filter(pk=order.pk, refund=None, charge=order.charge)
        if not same.update(**changes):
            return False
        recount(Order.objects.filter(pk=order.pk), now=now)
        if refund:
            charges.entry(order, -refund, *interval_of_end(order)).save()
        if anomaly is not None and anomaly.flag == Flag.NONE and is_explained:
            flagged = Order.objects.filter(pk=order.pk, flag=Flag.CHARGE_DIFFERS)
            flagged.update(flag=Flag.NONE)
        _remember(order, anomaly, now)
    return True


def _take_back(order: Order, now: datetime) -> bool:
    """Charges are added to, never edited: what was booked is booked the other way round."""
    refund = order.refund or Decimal(0)
    text = (
        f"Staff say that this provider lowers the charge, so the refund of {plain(refund)} that "
        "was counted beside it is counted no more."
    )
    with transaction.atomic():
        same = Order.objects.filter(pk=order.pk, refund=refund)
        if not same.update(refund=None):
            return False
        recount(Order.objects.filter(pk=order.pk), now=now)
        charges.entry(order, refund, *interval_of_end(order)).save()
        raise_flag(order, Flag.CHARGE_DIFFERS)
        withdrawn = {"refund": plain(refund)}
        _remember(
            order, Anomaly(AnomalyCode.REFUND_WITHDRAWN, text, withdrawn, Flag.CHARGE_DIFFERS), now
        )
    return True


def _remember(order: Order, anomaly: Anomaly | None, now: datetime) -> None:
    for event in anomalies_as_events(order, [anomaly] if anomaly else [], now=now):
        event.save()
