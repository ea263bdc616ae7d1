"""After which line of its history about cancels another one of each order was confirmed: their
numbers, "3-5,9" in the form."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Max

from ..models import EventKind, OrderEvent, OrderQuerySet
from . import chosen_orders
from .shown_refills import read


def newest_of(parts: Iterable[OrderQuerySet]) -> str:
    """The newest of each of these orders that has one, as text."""
    found = list[int]()
    for part in parts:
        lines = OrderEvent.objects.filter(
            order__in=list(part.order_by().values_list("pk", flat=True)), kind=EventKind.CANCEL
        )
        newest = lines.order_by().values("order").annotate(newest=Max("pk"))
        found += newest.values_list("newest", flat=True)
    return chosen_orders.spelled(found)


def is_as_shown(shown: str, order_id: int) -> bool:
    """Whether no more was heard of this order's cancels since it was confirmed."""
    lines = OrderEvent.objects.filter(order=order_id, kind=EventKind.CANCEL)
    newest = lines.aggregate(newest=Max("pk"))["newest"]
    return newest is None or newest in read(shown)
