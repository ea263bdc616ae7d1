"""Which waiting orders an order could be that a restored database does not know."""

from __future__ import annotations

from collections.abc import Iterable

from ..charges import may_cost
from ..models import Order, UnmatchedOrder
from ..sending.restore_check.recalled_sends import MAY_BE_TAKEN

LIKELY_SHOWN = 5
LOOKED_THROUGH = 500  # waiting orders of an account, the oldest


def likely_orders(unmatched: Iterable[UnmatchedOrder]) -> dict[int, list[Order]]:
    """Which waiting orders of its account each of these could be, by its number: those with its
    link, then those with its cost."""
    unmatched = list(unmatched)
    accounts = {one.account for one in unmatched}
    waiting = Order.objects.filter(provider__in=accounts, status__in=sorted(MAY_BE_TAKEN))
    rows = list(waiting.select_related("service").order_by("pk")[: LOOKED_THROUGH * len(accounts)])
    found = dict[int, list[Order]]()
    for one in unmatched:
        same = [row for row in rows if row.provider_id == one.account]
        linked = [row for row in same if one.link and row.link == one.link]
        priced = [row for row in same if row not in linked and may_cost(row, one.charge)]
        found[one.pk] = [*linked, *([] if one.link and linked else priced)][:LIKELY_SHOWN]
    return found
