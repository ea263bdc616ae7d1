"""That orders which were just ordered again are bought once more: a tick of its own, tied to what
was bought for them. A page that is opened anew, as after *Back*, asks as if it were the first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.clocks import SAME_LINE_SECONDS
from core.models import User

from ..models import Order, OrderQuerySet
from ..repeats import name_of, spelled, untold
from .ordered_again import bought_again

FEW: Final = 5  # that are named
NOT_TICKED = (
    "These were ordered again already: nothing was bought. Look at what was bought, and tick that "
    "they are meant once more."
)


@dataclass(frozen=True, slots=True)
class OnceMore:
    """What earlier actions bought in the last 24 hours for the orders that a page shows, newest
    first, and for how many of those."""

    bought: tuple[Order, ...]
    of_orders: int
    is_own: bool  # whoever looks has placed all of it

    def __bool__(self) -> bool:
        return bool(self.bought)

    @property
    def named(self) -> tuple[Order, ...]:
        return self.bought[:FEW]

    @property
    def more(self) -> int:
        return len(self.bought) - len(self.named)

    @property
    def newest_at(self) -> datetime:
        return self.bought[0].created_at

    @property
    def consent(self) -> str:
        """What the tick carries: exactly these."""
        return spelled([name_of(order.form_key) for order in self.bought])

    def is_meant(self, ticked: str) -> bool:
        return not untold([name_of(order.form_key) for order in self.bought], ticked)


def once_more(
    parts: Iterable[OrderQuerySet], beside: Collection[int], person: User, now: datetime
) -> OnceMore:
    """Among the orders that a page was drawn `beside`: any other is asked about as it is bought."""
    since = now - timedelta(seconds=SAME_LINE_SECONDS)
    found, of_orders = dict[int, Order](), set[int]()
    for part in parts:
        items = bought_again(part.order_by().values_list("pk", flat=True))
        for item in items.filter(made__created_at__gte=since).select_related("made"):
            if item.made and item.made.pk in beside:
                found[item.made.pk] = item.made
                of_orders.add(item.order_id)
    bought = tuple(found[pk] for pk in sorted(found, reverse=True))
    is_own = all(order.placed_by_id == person.pk for order in bought)
    return OnceMore(bought, len(of_orders), is_own)
