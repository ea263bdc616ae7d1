"""What an ended order has cost: its last charge, less what comes back apart from it.

Pure: an order as it was known, its end and its last charge go in. Some panels lower `charge` by
what was not delivered; others leave it and only raise the balance (`Provider.refund_style`).
docs/decisions/refunds-apart.md has the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from core.money import PLACES, plain
from providers.models import RefundStyle
from providers.panel_api.order_types.table import SUBSCRIPTIONS

from ..models import Order
from ..status import MONEY_BACK, Flag, Status
from .anomalies import Anomaly, AnomalyCode

SMALLEST_ALERT = Decimal("0.01")  # a change is a person's matter above this and above its share
SHARE_ALERT = Decimal("0.01")
CENTS = 2
ASK_FOR_STYLE = (
    " If its refunds come apart from the charge, say so on the provider's page: then what came "
    "back is counted."
)


@dataclass(frozen=True, slots=True)
class End:
    """How an order ended. `parts` of it were rounded each for itself; `by_parts` are the units
    that its parts may have delivered (`child_orders.delivered_by_parts`)."""

    status: Status
    charge: Decimal
    remains: int | None
    parts: int = 1
    by_parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FinalCharge:
    """`refund` is what comes back beside the charge; None where nothing is known of it."""

    refund: Decimal | None = None
    anomaly: Anomaly | None = None


def weigh(order: Order, end: End, style: RefundStyle) -> FinalCharge:
    """What this end costs, and what is odd in it. `order` is as it was before its end."""
    allowed = [*final_charges(order, end.status, end.remains), *_charges_of_parts(order, end)]
    if keeps_price(order, end, style):
        return _kept(order, end, style, allowed)
    fits = _fits(order, end, allowed)
    if style == RefundStyle.APART and end.status in MONEY_BACK and (fits or not end.charge):
        return FinalCharge(refund=Decimal(0))
    if fits or not allowed:
        return FinalCharge()
    return FinalCharge(anomaly=_misfit(order, end, allowed))


def keeps_price(order: Order, end: End, style: RefundStyle = RefundStyle.UNKNOWN) -> bool:
    """The charge is still that of the whole, although not all of it was delivered."""
    if end.status not in MONEY_BACK or not end.charge or order.type in SUBSCRIPTIONS:
        return False
    if end.status == Status.PARTIAL and not _is_by_units(order) and style != RefundStyle.APART:
        return False  # what a part of a package costs is not known
    allowed = final_charges(order, end.status, end.remains)
    if _fits(order, end, allowed):
        return False
    paid = order.charge if order.charge is not None else _whole(order)
    return paid is None or end.charge >= paid - _room(order, end, allowed)


def _fits(order: Order, end: End, allowed: list[Decimal]) -> bool:
    room = _room(order, end, allowed)
    return any(abs(end.charge - one) <= room for one in allowed)


def _room(order: Order, end: End, allowed: list[Decimal]) -> Decimal:
    return end.parts * rounding_of(end.charge, order.charge, max(allowed, default=Decimal(0)))


def _kept(order: Order, end: End, style: RefundStyle, allowed: list[Decimal]) -> FinalCharge:
    hint = ASK_FOR_STYLE if style == RefundStyle.UNKNOWN else ""
    if style != RefundStyle.APART and allowed and end.status == Status.PARTIAL:
        return FinalCharge(anomaly=_misfit(order, end, allowed, hint))
    evidence = _evidence(order, end)
    if style != RefundStyle.APART:
        text = f"It ended as {end.status.label}, and {plain(end.charge)} is still charged.{hint}"
        return FinalCharge(
            anomaly=Anomaly(AnomalyCode.CHARGE_KEPT, text, evidence, Flag.CHARGE_DIFFERS)
        )
    refund = refund_of(order, end)
    if refund is None:
        text = (
            f"The charge stays at {plain(end.charge)}, as this provider does it, and nobody can "
            "tell how much of it comes back: what remains is not known."
        )
        return FinalCharge(
            anomaly=Anomaly(AnomalyCode.REFUND_UNKNOWN, text, evidence, Flag.CHARGE_DIFFERS)
        )
    text = (
        f"The charge stays at {plain(end.charge)}, as this provider does it; {plain(refund)} "
        f"comes back apart. It cost {plain(end.charge - refund)}."
    )
    seen = evidence | {"refund": plain(refund)}
    return FinalCharge(refund, Anomaly(AnomalyCode.REFUND_APART, text, seen))


def refund_of(order: Order, end: End, *, places: int = 0) -> Decimal | None:
    """The undelivered share of the charge, of a canceled order all of it; None where what
    remains cannot be believed. Providers round what they keep; `places` are theirs, if known."""
    units, remains = order.units, end.remains
    is_told = units is not None and remains is not None and 0 <= remains <= units
    if end.status != Status.PARTIAL and not (is_told and remains and _is_by_units(order)):
        return end.charge
    if units is None or remains is None or not is_told:
        return None
    shown = max(places, _places(end.charge), CENTS)
    unit = Decimal(1).scaleb(-min(shown, PLACES))
    kept = (end.charge * (units - remains) / units).quantize(unit, rounding=ROUND_HALF_UP)
    return max(end.charge - kept, Decimal(0))


def final_charges(order: Order, status: Status, remains: int | None) -> list[Decimal]:
    """What an order that ended so may have cost; empty where nothing can be said.

    Where the price is not by units (packages), only that of the whole is known. That nothing
    remains of a canceled order does not mean that all of it was delivered.
    """
    if order.type in SUBSCRIPTIONS:
        return []
    whole = _whole(order)
    if status == Status.COMPLETED:
        return [] if whole is None else [whole]
    if order.units is None or order.rate is None or not _is_by_units(order):
        return []
    believable = remains is not None and 0 <= remains <= order.units
    delivered = [order.rate * (order.units - (remains or 0)) / 1000] if believable else []
    if status == Status.PARTIAL:
        return delivered
    if status in (Status.CANCELED, Status.REFUNDED):
        return [Decimal(0), *(one for one in delivered if one and remains)]
    return []


def _charges_of_parts(order: Order, end: End) -> list[Decimal]:
    """What a completed drip-feed may have cost besides: some of its runs were canceled."""
    if end.status != Status.COMPLETED or order.rate is None or not _is_by_units(order):
        return []
    fewer = {units for units in end.by_parts if units < (order.units or 0)}
    return [order.rate * units / 1000 for units in sorted(fewer)]


def rounding_of(charge: Decimal, known: Decimal | None, expected: Decimal) -> Decimal:
    """One unit in the provider's last place, as far as it shows in its own figures.

    A figure sent as a number has lost its trailing zeros, so the unit is never larger than
    what would alarm nobody.
    """
    places = max(_places(charge), _places(known.normalize()) if known else 0)
    unit = Decimal(1).scaleb(-places)
    return min(unit, max(SMALLEST_ALERT, SHARE_ALERT * expected))


def is_alarming(known: Decimal, charge: Decimal) -> bool:
    return abs(charge - known) > max(SMALLEST_ALERT, SHARE_ALERT * known)


def too_much(order: Order, charge: Decimal) -> Anomaly | None:
    """A first charge above the highest that the order could cost."""
    highest = order.estimate_high
    if highest is None or charge <= highest or not is_alarming(highest, charge):
        return None
    text = f"The provider charges {plain(charge)}. It should be {plain(highest)} at most."
    evidence = {"charge": plain(charge), "expected": [plain(highest)]}
    return Anomaly(AnomalyCode.CHARGE_TOO_HIGH, text, evidence, Flag.CHARGE_DIFFERS)


def _misfit(order: Order, end: End, allowed: list[Decimal], hint: str = "") -> Anomaly:
    expected = [plain(one) for one in allowed]
    text = f"The final charge is {plain(end.charge)}. It should be {' or '.join(expected)}.{hint}"
    seen = _evidence(order, end) | {"expected": expected}
    return Anomaly(AnomalyCode.CHARGE_UNEXPECTED, text, seen, Flag.CHARGE_DIFFERS)


def _evidence(order: Order, end: End) -> dict[str, Any]:
    return {
        "status": str(end.status),
        "charge": plain(end.charge),
        "rate": plain(order.rate or Decimal(0)),
        "units": order.units,
        "remains": end.remains,
    }


def _by_units(order: Order) -> Decimal | None:
    if order.rate is None or order.units is None:
        return None
    return Decimal(order.rate * order.units / 1000)


def _whole(order: Order) -> Decimal | None:
    return _by_units(order) if order.estimate is None else order.estimate


def _is_by_units(order: Order) -> bool:
    return _by_units(order) is not None and _whole(order) == _by_units(order)


def _places(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
