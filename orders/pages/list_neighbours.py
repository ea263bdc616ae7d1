"""The orders above and below this one in the list it was opened from."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse

from core.web.policy import StaffRequest

from ..lists.filters import OrderFilter
from ..lists.opened_from import opened_from, order_address
from ..lists.sorting import beside
from ..lists.tabs import in_tab
from ..models import Order


@dataclass(frozen=True, slots=True)
class ListNeighbours:
    """Addresses; empty where the list ends. `back` is the list itself, `query` its query."""

    above: str
    below: str
    back: str
    query: str


def list_neighbours(request: StaffRequest, order: Order) -> ListNeighbours:
    """By the list's query in `?list=`; without one by the list of all orders."""
    wanted = OrderFilter(QueryDict(opened_from(request)), user=request.user)
    found = in_tab(wanted.narrow(Order.objects.all()), wanted.group_name)
    above, below = beside(found, wanted.sort_of(found), order)
    asked = wanted.query()
    back = f"{reverse('orders')}?{asked}" if asked else reverse("orders")
    return ListNeighbours(_page(above, asked), _page(below, asked), back, asked)


def _page(order: Order | None, query: str) -> str:
    return "" if order is None else order_address(order.pk, query)
