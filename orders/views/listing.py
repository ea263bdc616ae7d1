"""The list of orders, live while something on it is moving."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core.keyset import keyset_page
from core.pages import page_or_part
from core.policy import StaffRequest, allow
from core.roles import May

from ..forms import OrderFilter
from ..models import Order
from ..queries import in_tab, tabs

PAGE_SIZE = 50


@allow(May.SEE)
@require_safe
@vary_on_headers("HX-Request")
def orders(request: StaffRequest) -> HttpResponse:
    """Filtered, newest first; the rows ask again by themselves while one of them is moving."""
    wanted = OrderFilter(request.GET, user=request.user)
    groups = tabs(counted=not wanted.is_narrowed)
    count = next(tab.count for tab in groups if tab.group == wanted.group_name)
    found = in_tab(wanted.narrow(Order.objects.for_list()), wanted.group_name, count=count)
    cursor = request.GET.get("cursor", "")
    page = keyset_page(found, keys=("-pk",), cursor=cursor, size=PAGE_SIZE)
    context = {
        "filter": wanted,
        "group": wanted.group_name,
        "tabs": groups,
        "page": page,
        "moving": any(order.is_moving for order in page.rows),
        "may_place": request.user.may(May.PLACE),
    }
    return render(request, page_or_part(request, "orders/orders.html", "order-list"), context)
