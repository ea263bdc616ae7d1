"""The step for what a restore has listed and no order of ours is wanted for, one by one or many."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core.clocks import database_now
from core.roles import May
from core.web.policy import StaffRequest, allow

from .look_into import ask_again, chosen, look_into

MOST_CHOSEN = 100


@allow(May.RESOLVE)
@require_POST
def restored_looked_into(request: StaffRequest) -> HttpResponse:
    """`send` are those that are ticked, `only` the one whose own button was pressed, `again` one of
    which that is taken back."""
    only, again = request.POST.get("only", ""), request.POST.get("again", "")
    words = [only or again] if only or again else request.POST.getlist("send")
    if not words:
        messages.warning(request, _("Select at least one order there first."))
        return redirect("restored")
    step, now = ask_again if again else look_into, database_now()
    rows = chosen(words[:MOST_CHOSEN])
    done = sum(step(row, actor=request.user, now=now) for row in rows)
    if done:
        messages.success(request, _told(done, is_again=bool(again)))
    if left := len(words) - done:
        text = ngettext(
            "%(count)d was left as it is: something changed since this page was drawn.",
            "%(count)d were left as they are: something changed since this page was drawn.",
            left,
        )
        messages.warning(request, text % {"count": left})
    return redirect("restored")


def _told(done: int, *, is_again: bool) -> str:
    if is_again:
        return _("It is asked about again.")
    text = ngettext("%(count)d is asked about no more.", "%(count)d are asked about no more.", done)
    return text % {"count": done}
