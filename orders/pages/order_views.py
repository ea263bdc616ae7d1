"""One order: what was asked, how it is going, everything that happened."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.clocks import database_now
from core.roles import May
from core.web.messages import give_back
from core.web.policy import StaffRequest, allow
from providers.connect import client_for

from .. import shown, wake_ups
from ..annotate import WrittenMeanwhile, annotate
from ..ask_provider import asked
from ..bulk.about_forms import AboutForm
from ..flags import clear_flag
from ..lists.opened_from import to_order
from ..models import EventKind, Order
from ..placing import before_sending
from ..placing.place_orders import (
    NotAgreed,
    hold_order,
    release_order,
    requeue_order,
    withdraw_order,
)
from ..placing.sent_after_all import BesideForm
from ..placing.withdrawn import withdrawn_in_words
from ..polling import recheck_ended
from ..status import Flag, Status
from .order_page import draw
from .step_forms import ClearFlagForm, CommentForm, QueueAgainForm
from .step_reasons import moved_words, why_not_released


@allow(May.SEE)
@require_safe
@vary_on_headers("HX-Request")
def order(request: StaffRequest, pk: int) -> HttpResponse:
    """The page of one order; its upper part asks again by itself while the order is moving."""
    return draw(request, _found(pk))


@allow(May.PLACE)
@require_POST
def order_withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take it back before it is sent."""
    found = _found(pk)
    if shown.is_another(found, request.GET.get("of", "")):
        messages.warning(request, shown.CHANGED)
    elif withdraw_order(found, actor=request.user, now=database_now()):
        messages.success(request, withdrawn_in_words(found))
    else:
        _say_too_late(request, pk, "withdrawn")
    return _back(request, pk)


@allow(May.PLACE)
@require_POST
def order_hold(request: StaffRequest, pk: int) -> HttpResponse:
    """Keep a queued order from being sent until somebody releases it."""
    found = _found(pk)
    if shown.is_another(found, request.GET.get("of", "")):
        messages.warning(request, shown.CHANGED)
    elif hold_order(found, actor=request.user, now=database_now()):
        messages.success(request, f"Order {found} is held. It is not sent until it is released.")
    else:
        _say_too_late(request, pk, "held", before_sending.why_not_held)
    return _back(request, pk)


@allow(May.PLACE)
@require_POST
def order_release(request: StaffRequest, pk: int) -> HttpResponse:
    """Queue a held order although what it waited for may not have come."""
    found = _found(pk)
    is_another = shown.is_another(found, request.GET.get("of", ""))
    if words := shown.CHANGED if is_another else why_not_released(found, request.user):
        messages.warning(request, words)
        return _back(request, pk)
    now, seen = database_now(), request.POST.get("shown", "")
    form = BesideForm(request.POST).told_of(found, now)
    if not form.is_valid():
        return draw(request, found, release_form=form)
    try:
        is_done = release_order(found, actor=request.user, now=now, shown_hold=seen, **form.meant())
    except NotAgreed as refusal:
        if refusal.field:
            form.told_of(found, now).add_error("place_anyway", str(refusal))
            return draw(request, found, release_form=form)
        messages.warning(request, str(refusal))
        return _back(request, pk)
    if is_done:
        transaction.on_commit(lambda: wake_ups.ring(found.provider_id))
        messages.success(request, f"Order {found} is queued.")
    else:
        _say_too_late(request, pk, "released")
    return _back(request, pk)


@allow(May.PLACE)
@require_POST
def order_requeue(request: StaffRequest, pk: int) -> HttpResponse:
    """Send anew what is known not to be at the provider, once somebody has said to be sure."""
    found, now = _found(pk), database_now()
    form = QueueAgainForm(request.POST).told_of(found, now)
    if not form.is_valid():
        return draw(request, found, queue_again_form=form)
    try:
        seen = request.POST.get("shown", "")
        is_queued = requeue_order(found, actor=request.user, now=now, seen=seen, **form.meant())
    except shown.NotAsShown:
        messages.warning(request, shown.CHANGED)
        return _back(request, pk)
    except NotAgreed as refusal:
        form.told_of(found, now)
        form.add_error("place_anyway", str(refusal))
        return draw(request, found, queue_again_form=form)
    if is_queued:
        transaction.on_commit(lambda: wake_ups.ring(found.provider_id))
        messages.success(request, f"Order {found} is queued again, as a new attempt.")
    else:
        _say_too_late(request, pk, "queued again", before_sending.why_not_queued_again)
    return _back(request, pk)


@allow(May.PLACE)
@require_POST
def order_refresh(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask the provider about it: with the next call there is, or at once where it has ended."""
    found = _found(pk)
    if words := moved_words(found):
        messages.warning(request, words)
    elif wake_ups.refresh(found):
        messages.info(request, f"Order {found} is asked about next.")
    elif recheck_ended.may_be_asked_again(found):
        said = asked(
            request,
            lambda: recheck_ended.ask_again(
                found, client_for(found.provider), clock=database_now, actor=request.user
            ),
        )
        if said is not None:
            messages.info(request, said)
    else:
        messages.info(request, f"Order {found} is not being followed: there is nothing to ask.")
    return _back(request, pk)


@allow(May.PLACE)
@require_POST
def order_comment(request: StaffRequest, pk: int) -> HttpResponse:
    """Add a line of one's own to the history."""
    found, form = _found(pk), CommentForm(request.POST)
    if not form.is_valid():
        return draw(request, found, comment_form=form)
    words = form.cleaned_data["comment"]
    found.remember(EventKind.NOTE, now=database_now(), actor=request.user, text=words)
    messages.success(request, "The comment is in the history.")
    return _back(request, pk)


@allow(May.PLACE)
@require_POST
def order_about(request: StaffRequest, pk: int) -> HttpResponse:
    """The customer's reference, the note and the tags."""
    found, form = _found(pk), AboutForm(request.POST)
    if not form.is_valid():
        return draw(request, found, about_form=form)
    now, shown_words = database_now(), form.shown
    try:
        is_new = annotate(found, actor=request.user, now=now, shown=shown_words, **form.written)
    except WrittenMeanwhile as theirs:
        form.say_meanwhile(theirs.words)
        return draw(request, found, about_form=form)
    if is_new:
        messages.success(request, f"Order {found} is annotated.")
    else:
        messages.info(request, "Nothing was changed.")
    return _back(request, pk)


@allow(May.PLACE)
@require_POST
def order_clear_flag(request: StaffRequest, pk: int) -> HttpResponse:
    """Somebody has looked into what it was marked for."""
    found, form = _found(pk), ClearFlagForm(request.POST)
    if not form.is_valid():
        return draw(request, found, flag_form=form)
    flag, note = Flag(form.cleaned_data["flag"]), form.cleaned_data["found"]
    now, seen = database_now(), request.POST.get("shown", "")
    words = "The flag was not cleared: see what the order says now."
    try:
        if clear_flag(found, flag, note=note, actor=request.user, now=now, seen=seen):
            messages.success(request, f"The flag of order {found} is cleared.")
            return _back(request, pk)
    except shown.NotAsShown:
        words = shown.CHANGED
    messages.warning(request, words)
    found = _found(pk)
    if not found.is_flagged:  # the page has no such form any more
        give_back(request, note)
    return draw(request, found, flag_form=form)


def _found(pk: int) -> Order:
    return get_object_or_404(Order.objects.for_list().select_related("placed_by"), pk=pk)


def _say_too_late(
    request: StaffRequest, pk: int, verb: str, why_not: Callable[[Order], str] | None = None
) -> None:
    """Somebody or something was faster: say where the order is now, and what that means."""
    found = Order.objects.get(pk=pk)
    label = Status(found.status).label.lower()
    words = f"Order {found} was not {verb}. Its status is {label} now."
    messages.warning(request, f"{words} {why_not(found) if why_not else ''}".strip())


def _back(request: StaffRequest, pk: int) -> HttpResponse:
    """To the list, as it was narrowed, when the step was taken there; else to the order."""
    if "back" in request.POST:
        return redirect(f"{reverse('orders')}?{request.POST['back']}")
    return to_order(request, pk)
