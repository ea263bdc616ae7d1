"""What *Order again* for many would do with each order, in a table beside its numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from ..models import Order, buys_again
from ..repeats import Lately
from ..status import ENDED_THERE
from ..terms import at_rate

MOST_LINES: Final = 200  # of up to thousands
NAMED: Final = 3  # newest, beside each line


@dataclass(frozen=True, slots=True)
class AgainLine:
    """`why_not` it can never be ordered again; `why_asked`: only where a second time is meant."""

    order: Order
    why_not: str = ""
    why_asked: str = ""
    beside: tuple[Order, ...] = ()

    @property
    def named(self) -> tuple[Order, ...]:
        return self.beside[:NAMED]

    @property
    def more(self) -> int:
        return len(self.beside) - len(self.named)

    @property
    def price_now(self) -> Decimal | None:
        rate: Decimal | None = self.order.service.rate
        return rate

    @property
    def estimate(self) -> Decimal | None:
        """At the price of now."""
        order = self.order
        return at_rate(order.estimate, order.rate, self.price_now, units=order.units)

    @property
    def is_dearer(self) -> bool:
        before, now = self.order.rate, self.price_now
        return before is not None and now is not None and now > before


def why_asked(*, has_sends: bool, is_lately: bool, is_repeated: bool) -> str:
    """Why one of these is bought only where a second time is meant."""
    if has_sends:
        return _("Something was bought for it before the database was put back.")
    if is_lately:
        return _("It was ordered again in the last 24 hours, or is about to be.")
    if is_repeated:
        return _("The same is open, may have been bought, or was placed by you a short while ago.")
    return _("Another of the selected orders for the same comes first.")


def with_names(
    lines: Sequence[AgainLine], beside: Collection[int], now: datetime
) -> list[AgainLine]:
    """With the orders that a second time would be beside, newest first: of those that the page is
    drawn `beside`, and its box speaks of, no others."""
    asked = {line.order.link_key for line in lines if line.why_asked}
    of_links = Order.objects.filter(link_key__in=asked, parent=None)
    found = defaultdict[tuple[int, str], list[Order]](list)
    for order in of_links.filter(buys_again() | Lately.by_anybody(now).orders).order_by("-pk"):
        if order.pk in beside:
            found[order.service_id, order.link_key].append(order)
    return [replace(line, beside=_same(line, found)) for line in lines]


def _same(line: AgainLine, found: dict[tuple[int, str], list[Order]]) -> tuple[Order, ...]:
    order = line.order
    there = found.get((order.service_id, order.link_key), []) if line.why_asked else []
    return tuple(one for one in there if one.status not in ENDED_THERE or one.units == order.units)
