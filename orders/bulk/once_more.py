"""That orders which were just ordered again are bought once more: a tick of its own, tied to what
was bought for them. A page that is opened anew, as after *Back*, asks as if it were the first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nlargest
from typing import Final
from uuid import UUID

from core.clocks import SAME_LINE_SECONDS
from core.models import User

from ..models import Order, OrderQuerySet
from .ordered_again import bought_again

FEW: Final = 5  # that are named
NOT_TICKED = (
    "These were ordered again already: nothing was bought. Look at what was bought, and tick that "
    "they are meant once more."
)


@dataclass(frozen=True, slots=True)
class OnceMore:
    """What earlier actions bought in the last 24 hours for the orders that a page shows, `beside`
    which it was drawn: the newest of it, how much, and for how many of those."""

    named: tuple[Order, ...]
    count: int
    of_orders: int
    is_own: bool  # whoever looks has placed all of it
    beside: Collection[int]

    def __bool__(self) -> bool:
        return bool(self.count)

    @property
    def more(self) -> int:
        return self.count - len(self.named)

    @property
    def newest_at(self) -> datetime:
        return self.named[0].created_at

    @property
    def consent(self) -> str:
        """What the tick carries: the newest. The others are among what the page was drawn beside,
        which it carries too."""
        return self.named[0].form_key.hex

    def is_meant(self, ticked: str) -> bool:
        """Nothing newer is there: which of what was shown has bought nothing in the end, or was
        bought longer ago by now, is no matter."""
        return not self or self.named[0].pk <= self._number_of(ticked)

    def _number_of(self, ticked: str) -> int:
        """Of the order that was the newest then; 0: there is none, or it was not shown."""
        try:
            newest = Order.objects.filter(form_key=UUID(ticked))
        except ValueError:
            return 0
        number = newest.values_list("pk", flat=True).first()
        return number if number is not None and number in self.beside else 0


def once_more(
    parts: Iterable[OrderQuerySet], beside: Collection[int], person: User, now: datetime
) -> OnceMore:
    """Among the orders that a page was drawn `beside`: any other is asked about as it is bought."""
    since = now - timedelta(seconds=SAME_LINE_SECONDS)
    bought, of_orders, is_own = set[int](), set[int](), True
    for part in parts:
        items = bought_again(part.order_by().values_list("pk", flat=True))
        lately = items.filter(made__created_at__gte=since)
        for pk, order, by in lately.values_list("made", "order", "made__placed_by"):
            if pk in beside:
                bought.add(pk)
                of_orders.add(order)
                is_own = is_own and by == person.pk
    named = Order.objects.filter(pk__in=nlargest(FEW, bought)).order_by("-pk")
    return OnceMore(tuple(named), len(bought), len(of_orders), is_own, beside)
