"""The orders of a filter as a file."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from core.clocks import database_now
from core.regional.desk_days import desk_day
from core.roles import May
from core.web.policy import StaffRequest, allow

from ..lists.csv_export import export_lines
from .selection import Selection


@allow(May.EXPORT)
@require_safe
def order_export(request: StaffRequest) -> HttpResponseBase:
    """A CSV file that is written while it is read; a filter with a slip in it goes back."""
    selection = Selection(request.GET, user=request.user)
    if selection.problem:
        messages.error(request, f"Nothing was exported. {selection.problem}")
        return HttpResponseRedirect(f"{reverse('orders')}?{selection.list_query()}")
    day = desk_day(database_now())
    return StreamingHttpResponse(
        export_lines(selection.orders()),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="orders-{day:%Y-%m-%d}.csv"'},
    )
