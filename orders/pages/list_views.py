"""The list of orders, live while something on it is moving."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.clocks import database_now
from core.roles import May
from core.rows.keyset import KeysetPage
from core.rows.numbers import row_number
from core.web.pages import asked_page, page_or_part
from core.web.policy import StaffRequest, allow

from ..lists.columns import shown_columns
from ..lists.filters import OrderFilter
from ..lists.saved_views import deletable_by, saved_views
from ..lists.sorting import NEWEST, OLDEST, SORTS, Sort
from ..lists.tabs import COUNT_CAP, count_in_words, in_tab, matching, tabs
from ..models import Order, OrderQuerySet
from .list_layout import ListLayoutForm
from .related_figures import name_parts, sum_parts
from .saved_view_forms import SaveFilterForm
from .selection_bar import SelectionBar

PAGE_SIZE = 50
MOST_NEW = 99  # new orders that are counted; more are "99+"


@allow(May.SEE)
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def orders(request: StaffRequest) -> HttpResponse:
    """Filtered, newest first; the rows ask again by themselves while one of them is moving.

    POST saves the filter of the address under a name.
    """
    wanted = OrderFilter(request.GET, user=request.user)
    if request.method != "POST":
        return _draw(request, wanted, SaveFilterForm(wanted))
    form = SaveFilterForm(wanted, request.POST)
    if not form.is_valid():
        return _draw(request, wanted, form, status=422)
    saved = form.save()
    messages.success(request, f"The view “{saved.name}” is saved.")
    return HttpResponseRedirect(f"{reverse('orders')}?{saved.query}")


@allow(May.SEE)
@require_POST
def saved_filter_delete(request: StaffRequest, pk: int) -> HttpResponse:
    """Forget one of one's own views; an admin also one that somebody shared."""
    saved = get_object_or_404(deletable_by(request.user), pk=pk)
    saved.delete()
    messages.success(request, f"The view “{saved.name}” is deleted.")
    return HttpResponseRedirect(f"{reverse('orders')}?{request.POST.get('back', '')}")


@allow(May.SEE)
@require_safe
def saved_view_tabs(request: StaffRequest) -> HttpResponse:
    """The tabs of the saved views with how many orders each holds, asked for once the list is
    drawn: it waits for none of them."""
    wanted = OrderFilter(request.GET, user=request.user)
    context = {"filter": wanted, "saved_views": saved_views(request.user, counted=True)}
    return render(request, "orders/pages/_saved_view_tabs.html", context)


def _draw(
    request: StaffRequest, wanted: OrderFilter, save_form: SaveFilterForm, *, status: int = 200
) -> HttpResponse:
    views = saved_views(request.user)
    is_saved = any(view.query == wanted.query() for view in views)
    groups = tabs(counted=is_saved or not wanted.is_narrowed)
    tab = next(tab for tab in groups if tab.group == wanted.group_name)
    count = None if wanted.is_narrowed else tab.count
    found = in_tab(wanted.narrow(Order.objects.for_list()), wanted.group_name, count=count)
    top = _top(request, wanted)
    shown, new = (found, 0) if top is None else _without_new(found, top)
    sort = wanted.sort_of(found, count=count)
    page = asked_page(request, sort.valued(shown), keys=sort.keys, size=PAGE_SIZE)
    sum_parts(page.rows)
    name_parts(page.rows)
    is_counted = wanted.is_narrowed and bool(page.rows)
    match_count = matching(found, page, wanted.remembered_as) if is_counted else ""
    context = {
        "matching": match_count,
        "results": match_count or tab.shown,
        "filter": wanted,
        "sort": wanted.sort_name if sort is wanted.asked_sort else NEWEST,
        "is_too_long_to_sort": sort is not wanted.asked_sort,
        "sort_cap": count_in_words(COUNT_CAP),
        "group": wanted.group_name,
        "opened_from": quote(wanted.query(), safe=""),
        "shown_tab": None if is_saved else wanted.group_name,
        "is_saved_view": is_saved,
        "tabs": groups,
        "is_dense": request.user.chosen.density == "dense",
        "columns": shown_columns(request.user.chosen),
        "layout_form": ListLayoutForm(request.user.chosen),
        "page": page,
        "new": new,
        "top": top or _newest(found, page, sort),
        "now": database_now(),
        "moving": any(order.is_open for order in page.rows),
        "may_place": request.user.may(May.PLACE),
        "may_export": request.user.may(May.EXPORT),
        "bar": SelectionBar.of(request.user),
        "save_form": save_form,
        "saved_views": views,
    }
    template = page_or_part(request, "orders/pages/orders.html", "order-list")
    return render(request, template, context, status=status)


def _top(request: StaffRequest, wanted: OrderFilter) -> int | None:
    """The newest order that the page has shown, when it asks again by itself."""
    if request.GET.get("cursor") or wanted.sort_name == OLDEST:
        return None
    return row_number(request.GET.get("top", ""))


def _without_new(found: OrderQuerySet, top: int) -> tuple[OrderQuerySet, int]:
    """The orders up to `top`, and how many came since: a list that refreshes by itself pushes no
    row away under somebody's hand."""
    return found.filter(pk__lte=top), found.filter(pk__gt=top).order_by()[: MOST_NEW + 1].count()


def _newest(found: OrderQuerySet, page: KeysetPage[Order], sort: Sort) -> int | str:
    """What the page says it has shown; nothing where new orders stand at the end."""
    if not page.rows or not page.is_first or sort is SORTS[OLDEST]:
        return ""
    if sort is SORTS[NEWEST]:
        return page.rows[0].pk
    return found.order_by("-pk").values_list("pk", flat=True).first() or ""
