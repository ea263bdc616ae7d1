"""The terms an order was placed under against those of its service now, and new consent to them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from core.models import User
from providers.identity import lock_service
from providers.models import Service
from providers.panel_api.order_types.table import SUBSCRIPTIONS

from ..models import Order, PriceTolerance
from ..status import HoldReason, Status
from ..terms import Terms, at_rate, cost_of_posts, faults

DEFAULT_TOLERANCE = Decimal(5)  # percent


def tolerance() -> Decimal:
    """By how many percent a service may have become dearer before somebody is asked."""
    row = PriceTolerance.objects.order_by("pk").first()
    return row.percent if row else DEFAULT_TOLERANCE


def agreed(order: Order) -> Terms:
    """What was agreed to; of an order from before terms were kept, its type and price."""
    return Terms.read(order.terms) or Terms(type=order.type, rate=order.rate)


def what_changed(order: Order, service: Service, percent: Decimal | None = None) -> list[str]:
    """Why the consent given does not cover sending it now, in words; empty when it does.

    `percent` is the tolerance, for whoever asks about many orders.
    """
    allowed = tolerance() if percent is None else percent
    return faults(agreed(order), Terms.known(service), order.payload, tolerance=allowed)


def service_now(order: Order) -> Service:
    """Its service as it reads in this transaction, with its account and what a held catalog says
    of it."""
    return Service.objects.select_related("provider", "proposed").get(pk=order.service_id)


def why_hold(order: Order, service: Service) -> HoldReason:
    """Asked in the transaction of the claim, with the service as it reads there, and what a
    catalog that waits for a decision says of it."""
    return HoldReason.TERMS if what_changed(order, service) else HoldReason.NONE


def will_wait_for(order: Order) -> list[str]:
    """Why it will be held for its terms when its turn to be sent comes, while it waits for
    something else yet; empty where it will not."""
    waits = order.status in (Status.QUEUED, Status.HELD) and order.hold_reason != HoldReason.TERMS
    return what_changed(order, service_now(order)) if waits else []


def why_not_acceptable(order: Order, service: Service) -> str:
    """Why nobody can agree to the new terms for this very order; empty when one can."""
    now = Terms.known(service)
    if now.type != order.type:
        return (
            "Its service is of another type now and asks for other things. It can only be "
            "withdrawn and ordered anew."
        )
    if now.rate is None:
        return "The price of its service is not known."
    if not order.provider.is_active:
        return f"{order.provider} is paused."
    return ""


def accept_terms(order_id: int, shown: str, *, actor: User, now: datetime) -> str:
    """Queue a held order under the terms that were shown (their digest); or why not, in words."""
    with transaction.atomic():
        order = Order.objects.select_related("provider").get(pk=order_id)
        service = lock_service(order.service)
        if (order.status, order.hold_reason) != (Status.HELD, HoldReason.TERMS):
            return "It no longer waits for this."
        before, after = agreed(order), Terms.known(service)
        if after.digest != shown:
            return "The terms changed once more: look at them again."
        if words := why_not_acceptable(order, service):
            return words
        moved = order.move(
            Status.QUEUED,
            now=now,
            actor=actor,
            text="Agreed to the new terms.",
            evidence={"agreed": after.as_json(), "before": before.as_json()},
            terms=after.as_json(),
            send_after=now,
            **_at(order, after.rate),
        )
        return "" if moved else "It changed meanwhile."


def dearer_since(order: Order, service: Service) -> dict[str, Any]:
    """The price and costs with which an order leaves that became dearer within the tolerance: the
    sums of its person and the search for it count with what it will cost. Nobody has agreed to
    that price, so its terms stay."""
    now = Terms.known(service).rate
    if order.terms is None or order.rate is None or now is None or now <= order.rate:
        return {}
    return _at(order, now)


def _at(order: Order, rate: Decimal | None) -> dict[str, Any]:
    """The columns of its price, at another one."""
    ends = order.estimate, order.estimate_high
    if rate is not None and not order.rate and order.type in SUBSCRIPTIONS:
        low, high = cost_of_posts(order.payload, rate)  # of nothing there is no proportion
    else:
        low, high = (at_rate(end, order.rate, rate, units=order.units) for end in ends)
    return {"rate": rate, "estimate": low, "estimate_high": high}
