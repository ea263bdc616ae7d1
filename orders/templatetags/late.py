"""Which orders take longer than usual. For the eye only: nothing is decided by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django import template

from providers.average_time import average_time, in_words
from providers.panel_api.order_types.table import SUBSCRIPTIONS

from ..models import Order
from ..status import Status

register = template.Library()

GOING_ON: Final = frozenset({Status.PENDING, Status.IN_PROGRESS, Status.PROCESSING})
TIMES: Final = 3
AT_LEAST: Final = timedelta(hours=6)  # beyond the usual: an average of minutes says little
COUNTED_FOR: Final = 1000  # units that panels tell their average for


@dataclass(frozen=True, slots=True)
class Late:
    """`usual` is the average its provider names, `after` how long after its send it was seen
    open."""

    usual: str
    after: str


@register.inclusion_tag("orders/pages/_late.html")
def late_line(order: Order) -> dict[str, Late | None]:
    return {"late": late(order)}


@register.simple_tag(name="late")
def late(order: Order) -> Late | None:
    """None also where it is not known: as of the last status that could be read, not as of now, and
    of the product that was ordered. What is delivered in runs or posts takes as long as it was
    asked to, and what a provider started itself nobody has sent."""
    if order.status not in GOING_ON or order.sent_at is None or order.parent_id is not None:
        return None
    if order.type in SUBSCRIPTIONS or order.parts_done is not None or "runs" in order.payload:
        return None
    usual = average_time(order.service.average_time)
    if usual is None or order.service_name != order.service.name:
        return None
    after = order.seen_at - order.sent_at
    if after <= _longest(usual, order.units):
        return None
    return Late(usual=in_words(usual), after=in_words(after))


def _longest(usual: timedelta, units: int | None) -> timedelta:
    """How long it may take without a word: many units take longer than those of the average."""
    try:
        expected = usual * max(1, (units or 0) / COUNTED_FOR)
        return max(TIMES * expected, expected + AT_LEAST)
    except OverflowError:  # millions of years: no order is open for so long
        return timedelta.max
