"""One order: what was asked, how it is going, everything that happened."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.clocks import database_now
from core.roles import May
from core.web.pages import page_or_part
from core.web.policy import StaffRequest, allow
from providers.connect import client_for

from .. import shown, wake_ups
from ..aftersales.views import requests_of
from ..annotate import WrittenMeanwhile, annotate
from ..ask_provider import asked
from ..bulk.about_forms import AboutForm
from ..flags import clear_flag, why_flag_stays
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
from ..recovery.doubted_attempt import decided_by_hand
from ..status import Flag, Outcome, Status
from ..story import story_of
from .list_neighbours import list_neighbours
from .next_check import next_check, sent_from, standing_halts
from .related_orders import related_of
from .step_forms import ClearFlagForm, CommentForm, QueueAgainForm
from .step_reasons import why_not_held, why_not_refreshed, why_not_released

PAGE = "orders/pages/order.html"


@allow(May.SEE)
@require_safe
@vary_on_headers("HX-Request")
def order(request: StaffRequest, pk: int) -> HttpResponse:
    """The page of one order; its upper part asks again by itself while the order is moving."""
    return _draw(request, _found(pk))


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
        return _draw(request, found, release_form=form)
    try:
        is_done = release_order(found, actor=request.user, now=now, shown_hold=seen, **form.meant())
    except NotAgreed as refusal:
        if refusal.field:
            form.told_of(found, now).add_error("place_anyway", str(refusal))
            return _draw(request, found, release_form=form)
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
        return _draw(request, found, queue_again_form=form)
    try:
        is_as_shown = request.POST.get("shown") == shown.of_order(found)
        is_queued = is_as_shown and requeue_order(
            found, actor=request.user, now=now, **form.meant()
        )
    except NotAgreed as refusal:
        form.told_of(found, now)
        form.add_error("place_anyway", str(refusal))
        return _draw(request, found, queue_again_form=form)
    if not is_as_shown:
        messages.warning(request, shown.CHANGED)
    elif is_queued:
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
    if wake_ups.refresh(found):
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
        return _draw(request, found, comment_form=form)
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
        return _draw(request, found, about_form=form)
    now, shown_words = database_now(), form.shown
    try:
        is_new = annotate(found, actor=request.user, now=now, shown=shown_words, **form.written)
    except WrittenMeanwhile as theirs:
        form.say_meanwhile(theirs.words)
        return _draw(request, found, about_form=form)
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
        return _draw(request, found, flag_form=form)
    flag, note = Flag(form.cleaned_data["flag"]), form.cleaned_data["found"]
    if request.POST.get("shown") != shown.of_flag(found):
        messages.warning(request, shown.CHANGED)
        return _draw(request, found, flag_form=form)
    if clear_flag(found, flag, note=note, actor=request.user, now=database_now()):
        messages.success(request, f"The flag of order {found} is cleared.")
    else:
        messages.warning(request, "The flag was not cleared: see what the order says now.")
    return _back(request, pk)


def _draw(
    request: StaffRequest,
    found: Order,
    *,
    about_form: AboutForm | None = None,
    comment_form: CommentForm | None = None,
    queue_again_form: QueueAgainForm | None = None,
    flag_form: ClearFlagForm | None = None,
    release_form: BesideForm | None = None,
) -> HttpResponse:
    """The page; with 422 when it comes back with a form that has to be fixed."""
    now = database_now()
    fresh = QueueAgainForm()
    if queue_again_form is None and found.status == Status.NOT_PLACED:  # no other page shows it
        fresh.told_of(found, now)
    story, goes_on = story_of(found)
    attempts = list(found.attempts.select_related("resolved_by").order_by("-number"))
    context = (
        {
            "order": found,
            "shown": shown.of_order(found, attempts) if found.status == Status.NOT_PLACED else "",
            "shown_flag": shown.of_flag(found) if found.is_flagged else "",
            "shown_hold": shown.of_hold(found),
            "why_not_held": why_not_held(found),
            "why_not_released": why_not_released(found, request.user),
            "now": now,
            "story": story,
            "story_goes_on": goes_on,
            "attempts": attempts,
            "doubted": next((one for one in attempts if one.outcome == Outcome.UNKNOWN), None),
            "about_form": about_form or AboutForm.of(found),
            "comment_form": comment_form or CommentForm(),
            "queue_again_form": queue_again_form or fresh,
            "release_form": release_form or BesideForm(),
            "flag_form": flag_form or ClearFlagForm(),
            "why_flag_stays": why_flag_stays(found),
            "may_be_found": bool(decided_by_hand(found)),
            "may_place": request.user.may(May.PLACE),
            "may_resolve": request.user.may(May.RESOLVE),
            "may_see_balances": request.user.may(May.SEE_BALANCES),
            "halts": standing_halts(found),
            "sent_from": sent_from(found, now),
            "next_check": next_check(found, now),
            "why_not_refreshed": why_not_refreshed(found),
        }
        | related_of(request, found)
        | requests_of(found)
    )
    template = page_or_part(request, PAGE, "order-live")
    if template == PAGE:
        context["list"] = list_neighbours(request, found)
    returned = about_form or comment_form or queue_again_form or flag_form or release_form
    context["is_refused"] = bool(returned)
    status = 422 if returned else 200
    return render(request, template, context, status=status)


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
