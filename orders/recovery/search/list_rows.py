"""One row of a provider's own list against one order of ours: pure comparing, nothing asked."""

from __future__ import annotations

from enum import IntEnum

from providers.panel_api import Progress, RecentOrder

from ...links import link_key, normalised_link
from ...models import Order
from .id_range import fits
from .prices.moved_prices import factors_for


class Likeness(IntEnum):
    """`MAY_BE`: nothing contradicts, and something is not said or spelled too differently."""

    IS_NOT = 0
    MAY_BE = 1
    IS = 2


def likeness(order: Order, row: RecentOrder) -> Likeness:
    """Whether this row can be this order. Its link alone may only be doubtful, never wrong:
    providers write links anew, follow them, or show what they lead to. What was charged for its
    link is only doubtful too, for a price may have moved that the desk has not read."""
    service = str(order.payload.get("service", ""))
    if row.service_id and service and row.service_id != service:
        return Likeness.IS_NOT
    if row.quantity is not None and not _has_quantity(order, row.quantity):
        return Likeness.IS_NOT
    is_same_place, said = _same_place(order.link, row.link), row.progress
    if isinstance(said, Progress) and fits(order, said) is False:
        may_have_moved = is_same_place and factors_for(order, said) is not None
        return Likeness.MAY_BE if may_have_moved else Likeness.IS_NOT
    return Likeness.IS if is_same_place else Likeness.MAY_BE


def _has_quantity(order: Order, said: int) -> bool:
    """In all, or of one run: lists say either. What the order does not know is no contradiction."""
    text = str(order.payload.get("quantity", ""))
    of_one_run = int(text) if text.isdecimal() else None
    known = {count for count in (order.units, of_one_run) if count is not None}
    return not known or said in known


def _same_place(ours: str, theirs: str) -> bool:
    if not ours or not theirs:
        return False
    return link_key(ours) == link_key(theirs) or _same_name(ours, theirs)


def _same_name(ours: str, theirs: str) -> bool:
    """One is a user name, the other the address of a profile of that name, at whatever host."""
    one_is_bare = ("/" in normalised_link(ours)) != ("/" in normalised_link(theirs))
    return one_is_bare and bool(_name(ours)) and _name(ours) == _name(theirs)


def _name(text: str) -> str:
    """What stands alone: "anna" of "anna", "@anna" and "lumen.example/anna"."""
    steps = normalised_link(text).partition("?")[0].split("/")
    return steps[-1].removeprefix("@").casefold() if len(steps) <= 2 else ""
