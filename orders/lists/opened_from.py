"""The list that the page of an order was opened from: it goes along in the address of the page, and
in each of its forms, so that no step loses it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

LIST: Final = "list"


def opened_from(request: HttpRequest) -> str:
    """The query of that list; empty for the list of all orders."""
    return request.GET.get(LIST) or request.POST.get(LIST, "")


def order_address(pk: int, query: str) -> str:
    """The page of an order, opened from the list of this query."""
    address = reverse("order", args=[pk])
    return f"{address}?{urlencode({LIST: query})}" if query else address


def to_order(request: HttpRequest, pk: int) -> HttpResponseRedirect:
    """After a step, to the page it was taken on."""
    return HttpResponseRedirect(order_address(pk, opened_from(request)))
