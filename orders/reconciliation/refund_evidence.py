"""What ended orders and balance readings show of how an account refunds: a proposal for staff.

It is shown with what it rests on and never applied by itself. Once staff have said how the account
refunds, what they saw stays as it was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.money import plain
from providers.models import BalanceReading, Provider, RefundStyle
from providers.panel_api.order_types.table import SUBSCRIPTIONS

from ..models import Order
from ..polling.final_charge import final_charges, keeps_price, refund_of
from ..status import MONEY_BACK
from .balance_intervals import LAG, ZERO, Reading, explained, rounding
from .movements import booked_movements
from .refunds import before_end, end_of, interval_of_end

LOOKED_AT = 100  # newest ended orders
WEIGHED = 20  # of those that kept their price, against the balance
SHOWN = 5
AGAIN = timedelta(hours=1)

CAME_BACK, STAYED_AWAY, UNCLEAR = "came_back", "stayed_away", "unclear"


@dataclass(frozen=True, slots=True)
class Kept:
    """An order that ended without all of it delivered, and still costs its whole price."""

    order: Order
    refund: Decimal
    since: datetime
    until: datetime


def gather_evidence(provider: Provider, *, now: datetime) -> bool:
    """Look at the newest ended orders and keep what they show. False: nothing was looked at,
    because staff have said how it refunds, or because this was done a moment ago."""
    before = provider.refund_evidence
    is_fresh = before.get("looked_at", "") > (now - AGAIN).isoformat() and before.get("orders")
    if provider.refund_style != RefundStyle.UNKNOWN or is_fresh:
        return False
    shown = {"looked_at": now.isoformat(), **_shown(provider)}
    same = Provider.objects.filter(pk=provider.pk, refund_style=RefundStyle.UNKNOWN)
    return bool(same.update(refund_evidence=shown))


def _shown(provider: Provider) -> dict[str, Any]:
    orders = _ended(provider)
    kept = [one for order in orders if (one := _kept(order))]
    lowered = sum(_is_lowered(order) for order in orders)
    back = _against_balance(provider, kept[:WEIGHED])
    figures = {
        "orders": len(orders),
        "lowered": lowered,
        "kept": len(kept),
        **{word: list(back.values()).count(word) for word in (CAME_BACK, STAYED_AWAY)},
    }
    samples = [_sample(one, back.get(one.order.pk, UNCLEAR)) for one in kept[:SHOWN]]
    return {**figures, "proposed": _proposed(figures), "samples": samples}


def _proposed(figures: dict[str, int]) -> str:
    """Nothing where orders contradict each other, or where no balance shows money coming back."""
    if figures["lowered"] and not figures["kept"]:
        return RefundStyle.LOWERED.value
    is_seen = figures[CAME_BACK] and not figures[STAYED_AWAY]
    return RefundStyle.APART.value if is_seen and not figures["lowered"] else ""


def _ended(provider: Provider) -> list[Order]:
    rows = Order.objects.filter(provider=provider, status__in=sorted(MONEY_BACK), parent=None)
    known = rows.filter(charge__isnull=False, ended_at__isnull=False)
    return list(known.exclude(type__in=SUBSCRIPTIONS).order_by("-pk")[:LOOKED_AT])


def _kept(order: Order) -> Kept | None:
    known, end = before_end(order), end_of(order)
    refund = refund_of(known, end) if keeps_price(known, end) else None
    return Kept(order, refund, *interval_of_end(order)) if refund else None


def _is_lowered(order: Order) -> bool:
    """Its charge is below its price, as what was delivered of it says. Orders of which all was
    delivered say nothing."""
    if order.charge is None:
        return False
    end = end_of(order)
    whole = order.estimate or ZERO
    expected = [one for one in final_charges(order, end.status, end.remains) if one < whole]
    return any(abs(end.charge - one) <= Decimal("0.01") < whole - one for one in expected)


def _against_balance(provider: Provider, kept: Sequence[Kept]) -> dict[int, str]:
    """What the balance did around the end of each order, by the order's number."""
    if not kept:
        return {}
    first = min(one.since for one in kept) - timedelta(days=1)
    rows = BalanceReading.objects.filter(provider=provider, read_at__gte=first)
    readings = [Reading(*row) for row in rows.order_by("read_at").values_list("read_at", "amount")]
    return {one.order.pk: _word_for(provider, one, kept, readings) for one in kept}


def _word_for(
    provider: Provider, one: Kept, kept: Sequence[Kept], readings: Sequence[Reading]
) -> str:
    """Did what nothing else explains come in between the readings around its end?"""
    times = [reading.at for reading in readings]
    before, after = bisect_right(times, one.since) - 1, bisect_left(times, one.until + LAG)
    if before < 0 or after >= len(times):
        return UNCLEAR
    opening, closing = readings[before], readings[after]
    among = [each for each in kept if opening.at < each.until and each.since < closing.at]
    if any(each.since < opening.at or closing.at < each.until + LAG for each in among):
        return UNCLEAR
    known = booked_movements(provider.pk, opening.at, closing.at)
    room = rounding([opening, closing]) * (len(among) + 1)
    interval = explained(known.movements, opening, closing)
    change = closing.amount - opening.amount
    if interval.high - interval.low > room or known.unpriced:
        return UNCLEAR
    if abs(interval.beyond(change) - sum(each.refund for each in among)) <= room:
        return CAME_BACK
    return STAYED_AWAY if abs(interval.beyond(change)) <= room else UNCLEAR


def _sample(one: Kept, word: str) -> dict[str, Any]:
    return {
        "order": one.order.pk,
        "status": one.order.get_status_display(),
        "charge": plain(one.order.charge or ZERO),
        "remains": one.order.remains,
        "refund": plain(one.refund),
        "balance": word,
    }
