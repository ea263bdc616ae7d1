"""What the changes of a catalog touch: orders that are under way, and what people order often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.db.models import Count, F, QuerySet
from django.db.models.lookups import In

from providers.models import ServiceChange

from ..models import FavouriteService, Order, Recipe

register = template.Library()


@dataclass(frozen=True, slots=True)
class Touched:
    """Of one service: how many open orders, favourites and recipes, whoever's they are."""

    orders: int
    favourites: int
    recipes: int

    def __bool__(self) -> bool:
        return bool(self.orders or self.favourites or self.recipes)


@register.simple_tag
def touched(changes: Sequence[ServiceChange]) -> list[tuple[ServiceChange, Touched]]:
    """Each change with what it touches, all of them in three queries."""
    services = {change.service_id for change in changes}
    # By an expression: with the bare column SQLite would walk all orders of the services.
    under_way = Order.objects.open().filter(In(F("service_id") + 0, services))
    orders = _counted(under_way)
    favourites = _counted(FavouriteService.objects.filter(service__in=services))
    recipes = _counted(Recipe.objects.filter(service__in=services))
    return [
        (
            change,
            Touched(
                orders.get(change.service_id, 0),
                favourites.get(change.service_id, 0),
                recipes.get(change.service_id, 0),
            ),
        )
        for change in changes
    ]


def _counted(rows: QuerySet[Any]) -> dict[int, int]:
    """How many of each service."""
    return dict(rows.order_by().values_list("service_id").annotate(Count("pk")))
