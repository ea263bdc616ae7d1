"""Addresses of earlier releases: what people kept as a bookmark or wrote down leads on."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse, HttpResponsePermanentRedirect
from django.urls import re_path, reverse
from django.views.decorators.http import require_safe

from core.roles import May
from core.web.policy import StaffRequest, allow

MOVED: Final = {
    "batches": "mass-orders",
    "cases": "discrepancies",
    "guard": "limits",
    "jobs": "bulk-actions",
    "mass": "mass-orders/new",
    "stops": "sending-control",
    "words": "phrases",
}


@allow(May.SEE)
@require_safe
def moved(request: StaffRequest, to: str, rest: str) -> HttpResponse:
    """The same page under its name of today, filter and all."""
    query = request.META.get("QUERY_STRING", "")
    address = f"{reverse('orders')}{to}/{rest}"
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)


@allow(May.SEE)
@require_safe
def moved_decision(request: StaffRequest, pk: int) -> HttpResponse:
    """`settle` was the word for a decision about an order whose outcome is unknown."""
    return HttpResponsePermanentRedirect(reverse("order-resolve", args=[pk]))


moved_addresses = [
    re_path(rf"^{old}/(?P<rest>.*)$", moved, {"to": to}, name=f"moved-{old}")
    for old, to in MOVED.items()
]
moved_addresses.append(
    re_path(r"^(?P<pk>[0-9]+)/settle/$", moved_decision, name="moved-settle"),
)
