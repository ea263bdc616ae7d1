"""What *Order again* for many would do with each order, in a table beside its numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from ..models import Order
from ..repeats import Lately
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
    asked = [line.order for line in lines if line.why_asked]
    same = Order.objects.same_of_many(asked, Lately.by_anybody(now))
    named = {pk: [one for one in rows[::-1] if one.pk in beside] for pk, rows in same.items()}
    return [replace(line, beside=tuple(named.get(line.order.pk, ()))) for line in lines]
