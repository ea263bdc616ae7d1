"""One order beside the list: what people look up most, and its last news."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from core.clocks import database_now
from core.roles import May
from core.web.policy import StaffRequest, allow

from ..models import Order
from ..story import story_of
from .next_check import next_check

LINES = 6  # of its history


@allow(May.SEE)
@require_safe
def order_peek(request: StaffRequest, pk: int) -> HttpResponse:
    """A part of the page; it asks again by itself while the order is moving."""
    found = get_object_or_404(Order.objects.for_list().select_related("poll_schedule"), pk=pk)
    story, _ = story_of(found, most=LINES)
    now = database_now()
    context = {"order": found, "story": story, "next_check": next_check(found, now), "now": now}
    return render(request, "orders/pages/_peek.html", context)
