"""After which line of its history about refills, or about cancels, another one of each order was
confirmed: their numbers, "3-5,9" in the form."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django.db.models import Max

from ..models import EventKind, OrderEvent, OrderQuerySet, Refill
from ..shown import newest_line
from . import chosen_orders
from .bulk_action import MOST


def of_refills(parts: Iterable[OrderQuerySet]) -> str:
    """The newest of each of these orders that has one, as text; not where a refill is under way:
    the confirmation leaves that order out, whatever becomes of the refill."""
    return _newest_of(parts, EventKind.REFILL)


def of_cancels(parts: Iterable[OrderQuerySet]) -> str:
    """The newest of each of these orders that has one, as text."""
    return _newest_of(parts, EventKind.CANCEL)


def read(text: str) -> frozenset[int]:
    """The numbers of these lines of the history. Raises NotChosen."""
    return _ids(text) if text else frozenset()


def is_as_shown(shown: str, order_id: int, kind: EventKind) -> bool:
    """Whether no more was heard of this order's refills, or cancels, since it was confirmed. Its
    rows do not tell: one may be missing, or may have been sent or answered since."""
    newest = newest_line(order_id, kind)
    return newest is None or newest in read(shown)


def _newest_of(parts: Iterable[OrderQuerySet], kind: EventKind) -> str:
    found = list[int]()
    for part in parts:
        lines = OrderEvent.objects.filter(
            order__in=list(part.order_by().values_list("pk", flat=True)), kind=kind
        )
        if kind == EventKind.REFILL:
            lines = lines.exclude(order__in=Refill.objects.open().values("order"))
        newest = lines.order_by().values("order").annotate(newest=Max("pk"))
        found += newest.values_list("newest", flat=True)
    return chosen_orders.spelled(found)


@lru_cache(maxsize=8)
def _ids(text: str) -> frozenset[int]:
    """A job asks once for each of its orders."""
    return frozenset(chosen_orders.read(text, most=MOST))
