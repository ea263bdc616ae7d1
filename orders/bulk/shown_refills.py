"""After which refill of each order another was confirmed: their numbers, "3-5,9" in the form."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django.db.models import Max

from ..models import OrderQuerySet, Refill
from . import chosen_orders
from .bulk_action import MOST


def newest_of(parts: Iterable[OrderQuerySet]) -> str:
    """The newest refill of each of these orders that has one, as text; not where one is under way:
    the confirmation leaves that order out, whatever becomes of the refill."""
    found = list[int]()
    for part in parts:
        of_these = Refill.objects.filter(order__in=part.order_by().values("pk"))
        of_these = of_these.exclude(order__in=Refill.objects.open().values("order"))
        newest = of_these.order_by().values("order").annotate(newest=Max("pk"))
        found += newest.values_list("newest", flat=True)
    return chosen_orders.spelled(found)


def read(text: str) -> frozenset[int]:
    """The numbers. Raises NotChosen."""
    return _ids(text) if text else frozenset()


def is_as_shown(shown: str, order_id: int) -> bool:
    """Whether the newest refill of this order, if it has one, was there when it was confirmed."""
    newest = Refill.objects.filter(order=order_id).aggregate(newest=Max("pk"))["newest"]
    return newest is None or newest in read(shown)


@lru_cache(maxsize=8)
def _ids(text: str) -> frozenset[int]:
    """A job asks once for each of its orders."""
    return frozenset(chosen_orders.read(text, most=MOST))
