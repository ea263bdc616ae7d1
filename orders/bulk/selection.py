"""Which orders something is done to: those selected on the list, or all that its filter finds."""

from __future__ import annotations

from django.http import QueryDict

from core.models import User
from core.rows.numbers import row_number

from ..lists.filters import OrderFilter
from ..lists.tabs import in_tab
from ..models import Order, OrderQuerySet

PICKED_MOST = 200  # a page of the list has far fewer


class Selection:
    """Read from a query string: `scope=picked` with an `order` for each, or else the filter.

    On the list a filter that makes no sense narrows nothing. Here it is a `problem`: nobody
    means to act on everything by a slip.
    """

    def __init__(self, asked: QueryDict, *, user: User) -> None:
        self.filter = OrderFilter(asked, user=user)
        self.is_picked = asked.get("scope") == "picked"
        self.picked = _numbers(asked.getlist("order")) if self.is_picked else []

    @property
    def problem(self) -> str:
        """Why these words name no orders; empty when they do."""
        if self.is_picked:
            return "" if self.picked else "Select at least one order."
        for name, errors in self.filter.errors.items():
            return f"{self.filter[name].label}: {errors[0]}"
        return ""

    def orders(self) -> OrderQuerySet:
        """They; none while there is a `problem`."""
        if self.problem:
            return Order.objects.none()
        if self.is_picked:
            return Order.objects.filter(pk__in=self.picked)
        return in_tab(self.filter.narrow(Order.objects.all()), self.filter.group_name)

    def list_query(self) -> str:
        """The list as it was narrowed, as a query string."""
        return self.filter.query()


def _numbers(words: list[str]) -> list[int]:
    """The ids among these words, each once, at most PICKED_MOST."""
    ids = (row_number(word) for word in words)
    return list(dict.fromkeys(pk for pk in ids if pk is not None))[:PICKED_MOST]
