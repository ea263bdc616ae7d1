"""The evidence of one order, to copy or to take away, for a ticket with its provider."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from core.clocks import database_now
from core.roles import May
from core.web.policy import StaffRequest, allow

from ..models import Order
from .support_report import evidence_of


@allow(May.SEE)
@require_safe
def order_evidence(request: StaffRequest, pk: int) -> HttpResponse:
    """As text on a page, with a button that copies it."""
    order = _found(pk)
    context = {"order": order, "text": _text(request, order)}
    return render(request, "orders/recovery/evidence.html", context)


@allow(May.SEE)
@require_safe
def order_evidence_file(request: StaffRequest, pk: int) -> HttpResponse:
    """The same text as a file."""
    return HttpResponse(
        _text(request, _found(pk)),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="order-{pk}-evidence.txt"'},
    )


def _text(request: StaffRequest, order: Order) -> str:
    with_balances = request.user.may(May.SEE_BALANCES)
    return evidence_of(order, with_balances=with_balances, now=database_now())


def _found(pk: int) -> Order:
    return get_object_or_404(Order.objects.select_related("provider", "service"), pk=pk)
