"""Refills and cancels: asking for them on an order's page, and the list of refills."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.clocks import database_now
from core.roles import May
from core.web.pages import asked_page, page_or_part
from core.web.policy import StaffRequest, allow

from .. import shown, wake_ups
from ..account_trouble import request_trouble
from ..limits import doubtful_rows
from ..lists.opened_from import to_order
from ..models import CancelRequest, EventKind, Halt, Order, Refill
from ..placing.withdrawn import withdrawn_in_words
from ..sending.halts import one_at_a_time
from ..status import AT_PROVIDER, REFILLABLE, REFILLS_TO_SEND, CancelStatus, Write
from . import request_cancels, request_refills
from .forms import RefillFilter, SelectedRefills

PAGE_SIZE = 50
MAY_BE_SECOND = _("An earlier refill was closed as unknown: this may be a second one.")
STAYS_UNKNOWN = "is closed: the provider may still carry it out."
SHOWN = 20  # of an order's refills and of its requests to cancel


@allow(May.PLACE)
@require_POST
def order_refill(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask the provider to refill it."""
    order = get_object_or_404(Order.objects.for_list(), pk=pk)
    is_another = shown.is_another(order, request.GET.get("of", ""))
    words = shown.CHANGED if is_another else _refill(order, request)
    if not words:
        _ring(order.provider_id)
    _say(request, words, f"A refill of order {order} is requested.")
    return to_order(request, pk)


@allow(May.PLACE)
@require_POST
def order_cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask the provider to cancel it, or take it back when it was not sent."""
    order = get_object_or_404(Order.objects.for_list(), pk=pk)
    if shown.is_another(order, request.GET.get("of", "")):
        messages.warning(request, shown.CHANGED)
        return to_order(request, pk)
    at_provider = order.status in AT_PROVIDER
    words = _cancel(order, request)
    done = f"The cancel of order {order} is requested. Its status will show the result."
    if not at_provider:
        done = withdrawn_in_words(order)
    if at_provider and not words:
        _ring(order.provider_id)
    _say(request, words, done)
    return to_order(request, pk)


@allow(May.PLACE)
@require_POST
def cancel_withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take back a request to cancel that was not sent yet."""
    asked = get_object_or_404(CancelRequest.objects.select_related("order"), pk=pk)
    seen = f"{asked.shown}{shown.since_restores()}"
    words = "" if request.POST.get("shown") == seen else shown.CHANGED
    if not words and not request_cancels.withdraw_cancel(
        asked, actor=request.user, now=database_now()
    ):
        words = "It was sent already."
    _say(request, words, "The request to cancel is taken back.")
    return to_order(request, asked.order_id)


@allow(May.PLACE)
@require_POST
def refill_again(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a refill be sent (again) now."""
    refill = get_object_or_404(Refill.objects.for_list(), pk=pk)
    words = _ask_again(refill, request, request.POST.get("shown", ""))
    _say(request, words, f"The refill of order {refill.order} is requested again.")
    return to_order(request, refill.order_id)


@allow(May.PLACE)
@require_POST
def refill_withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take back a refill that was not sent, or close one that is lost from sight."""
    refill = get_object_or_404(Refill.objects.for_list(), pk=pk)
    words = _withdraw(refill, request, request.POST.get("shown", ""))
    done = STAYS_UNKNOWN if refill.leaves_doubt else "is taken back."
    _say(request, words, f"The refill of order {refill.order} {done}")
    return to_order(request, refill.order_id)


@allow(May.SEE)
@require_safe
@vary_on_headers("HX-Request")
def refills(request: StaffRequest) -> HttpResponse:
    """Newest first; the rows ask again by themselves while one of them is moving."""
    wanted, known = RefillFilter(request.GET), shown.since_restores()  # before the rows are read
    found = wanted.narrow(Refill.objects.for_list())
    page = asked_page(request, found, keys=("-pk",), size=PAGE_SIZE)
    context = {
        "filter": wanted,
        "page": page,
        "moving": any(refill.is_moving for refill in page.rows),
        "may_place": request.user.may(May.PLACE),
        "since_restores": known,
    }
    return render(
        request, page_or_part(request, "orders/aftersales/refills.html", "refill-list"), context
    )


@allow(May.PLACE)
@require_POST
def refills_selected(request: StaffRequest) -> HttpResponse:
    """One step for each of the selected refills; what could not be done says why."""
    form = SelectedRefills(request.POST)
    if not form.is_valid():
        messages.warning(request, form.slip)
        return _to_list(request)
    step = _ask_again if form.cleaned_data["step"] == "again" else _withdraw
    refused: list[str] = []
    done = closed = 0
    for refill in form.cleaned_data["refill"].for_list().order_by("pk"):
        if words := step(refill, request, request.POST.get(f"shown-{refill.pk}", "")):
            refused.append(f"Order {refill.order}: {words}")
        elif step is _withdraw and refill.leaves_doubt:
            closed += 1
        else:
            done += 1
    verb = "requested again" if step is _ask_again else "taken back"
    if done:
        messages.success(request, f"{done} {'refill is' if done == 1 else 'refills are'} {verb}.")
    if closed == 1:
        messages.warning(request, f"1 refill {STAYS_UNKNOWN}")
    elif closed:
        messages.warning(
            request, f"{closed} refills are closed: the provider may still carry them out."
        )
    for words in refused[:5]:
        messages.warning(request, words)
    if len(refused) > 5:
        messages.warning(request, f"And {len(refused) - 5} more could not be {verb}.")
    return _to_list(request)


def requests_of(order: Order) -> dict[str, Any]:
    """The refills and cancels of an order, and why it can have no more."""
    known = shown.since_restores()  # before they are read
    newest_cancel = shown.of_newest_cancel(order) if order.status in AT_PROVIDER else ""
    is_refillable = order.status in REFILLABLE
    line = shown.newest_line(order.pk, EventKind.REFILL) if is_refillable else None
    newest_refills = order.refills.select_related("requested_by").order_by("-pk")
    newest_cancels = order.cancel_requests.select_related("requested_by").order_by("-pk")
    asked_for, cancels = list(newest_refills[:SHOWN]), list(newest_cancels[:SHOWN])
    can: dict[str, Any] = {}
    if is_refillable:
        can = {"refill": True, "why": request_refills.why_not(order, database_now())}
        is_second = bool(asked_for) and request_refills.may_be_second([order.pk])
        can["second"] = MAY_BE_SECOND if is_second else ""
        can["hint"] = request_refills.hint(order)
        can["shown"] = shown.word_of_refill(line, asked_for[0] if asked_for else None, known)
    elif order.status in AT_PROVIDER:
        can = {
            "cancel": True,
            "why": request_cancels.why_not(order),
            "hint": request_cancels.hint(order),
            "shown": newest_cancel,
        }
    return {
        "refills": asked_for,
        "cancels": cancels,
        "can": can,
        "since_restores": known,
        "requests_moving": any(one.is_moving for one in asked_for)
        or any(one.is_open for one in cancels),
        "request_halts": _halts(order, asked_for, cancels),
        "request_trouble": request_trouble(order, now=database_now())
        if _is_to_be_sent(asked_for, cancels)
        else None,
    }


def _refill(order: Order, request: StaffRequest) -> str:
    """After no more was heard of its refills than the page has shown."""
    known = doubtful_rows.known_gap()  # not one that is found from here on
    with transaction.atomic():
        one_at_a_time(order.provider)  # a late answer is taken in, or waits
        if request.POST.get("shown") != shown.of_newest_refill(order):
            return shown.CHANGED
        return request_refills.request_refill(
            order, actor=request.user, now=database_now(), known_gap=known
        )


def _cancel(order: Order, request: StaffRequest) -> str:
    """After no more was heard of its cancels than the page has shown."""
    with transaction.atomic():
        one_at_a_time(order.provider)  # who brings in an earlier one has done so, or waits
        if request.POST.get("shown") != shown.of_newest_cancel(order):
            return request_cancels.why_not(order) or shown.CHANGED
        return request_cancels.request_cancel(order, actor=request.user, now=database_now())


def _is_to_be_sent(refills: list[Refill], cancels: list[CancelRequest]) -> bool:
    """One of them, so that it may wait for its account."""
    waits = any(refill.status in REFILLS_TO_SEND for refill in refills)
    return waits or any(cancel.status == CancelStatus.QUEUED for cancel in cancels)


def _halts(order: Order, refills: list[Refill], cancels: list[CancelRequest]) -> list[Halt]:
    """What a request of this order that is to be sent waits behind."""
    halts = Halt.objects.standing().for_provider(order.provider_id).order_by("kind", "pk")
    if any(refill.status in REFILLS_TO_SEND for refill in refills):
        return list(halts.holding(Write.REFILL))
    if any(cancel.status == CancelStatus.QUEUED for cancel in cancels):
        return list(halts.holding(Write.CANCEL))
    return []


def _ask_again(refill: Refill, request: StaffRequest, seen: str) -> str:
    known = doubtful_rows.known_gap()  # not one that is found from here on
    if seen != f"{refill.shown}{shown.since_restores()}":
        return shown.CHANGED
    words = request_refills.ask_again(
        refill, actor=request.user, now=database_now(), known_gap=known
    )
    if not words:
        _ring(refill.provider_id)
    return words


def _withdraw(refill: Refill, request: StaffRequest, seen: str) -> str:
    now_shown = f"{refill.shown}{shown.since_restores()}"
    if seen != now_shown:  # what is taken back as waiting is not closed in doubt
        return shown.CHANGED
    taken = request_refills.withdraw_refill(refill, actor=request.user, now=database_now())
    return "" if taken else "It was sent already, or it has ended."


def _ring(provider_id: int) -> None:
    transaction.on_commit(lambda: wake_ups.ring_requests(provider_id))


def _say(request: StaffRequest, words: str, done: str) -> None:
    if words:
        messages.warning(request, words)
    else:
        messages.success(request, done)


def _to_list(request: StaffRequest) -> HttpResponse:
    return redirect(f"{reverse('refills')}?{request.POST.get('back', '')}")
