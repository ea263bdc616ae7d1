"""The page of one order: everything it shows, and the form that came back to be fixed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict, Unpack, cast

from django.http import HttpResponse
from django.shortcuts import render

from core.clocks import database_now
from core.roles import May
from core.web.pages import page_or_part
from core.web.policy import StaffRequest

from .. import shown
from ..aftersales.views import requests_of
from ..bulk.about_forms import AboutForm
from ..flags import why_flag_stays
from ..limits.agree_terms import will_wait_for
from ..models import Order
from ..placing.sent_after_all import BesideForm
from ..recovery.doubted_attempt import decided_by_hand
from ..status import Outcome, Status
from ..story import story_of
from .list_neighbours import list_neighbours
from .next_check import next_check, sent_from, standing_halts
from .related_orders import related_of
from .step_forms import ClearFlagForm, CommentForm, QueueAgainForm
from .step_reasons import why_not_held, why_not_refreshed, why_not_released

PAGE = "orders/pages/order.html"


class Returned(TypedDict, total=False):
    """Forms that somebody has sent and that have to be fixed; the others are drawn fresh."""

    about_form: AboutForm
    comment_form: CommentForm
    queue_again_form: QueueAgainForm
    flag_form: ClearFlagForm
    release_form: BesideForm


def draw(request: StaffRequest, found: Order, **returned: Unpack[Returned]) -> HttpResponse:
    """The page; with 422 when it comes back with a form that has to be fixed."""
    now = database_now()
    context = (
        requests_of(found)  # its buttons know no line that the history has not
        | _forms(found, now, returned)
        | _how_it_is(found, now)
        | _what_may_be_done(request, found)
        | related_of(request, found)
    )
    template = page_or_part(request, PAGE, "order-live")
    if template == PAGE:
        context["list"] = list_neighbours(request, found)
    # The question has the button then, and what is polled beside it brings back no other one.
    is_asked = request.GET.get("asked") if template != PAGE else context["release_form"].is_bound
    context["is_asked"] = bool(is_asked)
    context["is_refused"] = bool(returned)
    return render(request, template, context, status=422 if returned else 200)


def _how_it_is(found: Order, now: datetime) -> dict[str, Any]:
    """Where it is and was, and what each step must name as what somebody was shown."""
    story, goes_on = story_of(found)
    attempts = list(found.attempts.select_related("resolved_by").order_by("-number"))
    return {
        "order": found,
        "now": now,
        "shown": shown.of_order(found, attempts) if found.status == Status.NOT_PLACED else "",
        "shown_flag": shown.of_flag(found) if found.is_flagged else "",
        "shown_hold": shown.of_hold(found),
        "story": story,
        "story_goes_on": goes_on,
        "attempts": attempts,
        "doubted": next((one for one in attempts if one.outcome == Outcome.UNKNOWN), None),
        "halts": standing_halts(found),
        "sent_from": sent_from(found, now),
        "will_wait_for": will_wait_for(found),
        "next_check": next_check(found, now),
    }


def _what_may_be_done(request: StaffRequest, found: Order) -> dict[str, Any]:
    """The steps this person has here, and why the others are not offered."""
    return {
        "why_not_held": why_not_held(found),
        "why_not_released": why_not_released(found, request.user),
        "why_not_refreshed": why_not_refreshed(found),
        "why_flag_stays": why_flag_stays(found),
        "may_be_found": bool(decided_by_hand(found)),
        "may_place": request.user.may(May.PLACE),
        "may_resolve": request.user.may(May.RESOLVE),
        "may_see_balances": request.user.may(May.SEE_BALANCES),
    }


def _forms(found: Order, now: datetime, returned: Returned) -> dict[str, Any]:
    again = QueueAgainForm()
    if "queue_again_form" not in returned and found.status == Status.NOT_PLACED:
        again.told_of(found, now)  # no other page shows it
    fresh = {
        "about_form": AboutForm.of(found),
        "comment_form": CommentForm(),
        "queue_again_form": again,
        "release_form": BesideForm(),
        "flag_form": ClearFlagForm(),
    }
    return fresh | cast(dict[str, Any], returned)
