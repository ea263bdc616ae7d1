"""One thing done to many orders: say how many and what cannot be done, then start the job."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.clocks import database_now
from core.models import User
from core.regional.numbers import grouped
from core.roles import May, refusal
from core.web.policy import StaffRequest, allow

from ..models import BulkJob, OrderQuerySet
from ..placing.order_again import why_never_again
from ..status import JobKind
from . import shown_history, tasks
from .about_forms import (
    BulkCancelForm,
    BulkForm,
    BulkNoteForm,
    BulkReferenceForm,
    BulkRefillForm,
    BulkReleaseForm,
    BulkReorderForm,
    BulkTagsForm,
)
from .again_lines import with_names
from .apply_step import terms_of
from .bulk_action import MOST, right_for, start_job
from .chosen_orders import in_parts, spelled
from .once_more import NOT_TICKED, OnceMore, once_more
from .ordered_again import may_repeat
from .outlook import outlook
from .selection import Selection
from .shown_beside import read

EXPORT = "export"
TERMS_CHANGED = (
    "Prices or other terms of these services changed since this page was drawn: look at the "
    "estimate once more."
)
OTHER_ORDERS = (
    "Their numbers stand for other orders since the database was put back: look at them once more."
)
FORMS: dict[JobKind, type[BulkForm]] = {
    JobKind.CANCEL: BulkCancelForm,
    JobKind.REFILL: BulkRefillForm,
    JobKind.RELEASE: BulkReleaseForm,
    JobKind.REORDER: BulkReorderForm,
    JobKind.REFERENCE: BulkReferenceForm,
    JobKind.TAG: BulkTagsForm,
    JobKind.UNTAG: BulkTagsForm,
    JobKind.NOTE: BulkNoteForm,
}


@allow(May.PLACE)
@require_http_methods(["GET", "HEAD", "POST"])
def order_bulk(request: StaffRequest) -> HttpResponse:
    """GET says what would come of it; POST fixes the orders and starts the job, once."""
    selection = Selection(request.GET, user=request.user)
    if request.GET.get("kind") == EXPORT:
        return HttpResponseRedirect(f"{reverse('order-export')}?{_query(request)}")
    if request.method == "POST" and (started := _earlier(request)):
        return started
    orders = selection.orders()
    if words := selection.problem or _why_not_these(request, orders):
        messages.error(request, f"Nothing was done. {words}")
        return HttpResponseRedirect(f"{reverse('orders')}?{selection.list_query()}")
    kind = JobKind(request.GET["kind"])
    if not request.user.may(right_for(kind)):
        raise PermissionDenied(refusal(right_for(kind)))
    form_class = FORMS.get(kind, BulkForm)
    if request.method == "POST":
        return _start(request, kind, selection, form_class(request.POST))
    return _ask(request, kind, selection, form_class())


def _why_not_these(request: StaffRequest, orders: OrderQuerySet) -> str:
    """Why nothing can be started with these orders, whatever becomes of each."""
    if request.GET.get("kind") not in JobKind.values:
        return "Choose what is to be done."
    if request.method == "POST":
        return ""  # asked when it was confirmed; a second click finds the orders changed
    count = orders.order_by()[: MOST + 1].count()
    if not count:
        return "No matching orders."
    if count > MOST:
        most = grouped(MOST)
        return (
            f"One bulk action takes up to {most} orders, and these are more. Filter the list first."
        )
    return ""


def _earlier(request: StaffRequest) -> HttpResponse | None:
    """The job that this confirmation started when it was sent before; asked before anything can
    say that nothing was done."""
    form = BulkForm(request.POST)
    form.is_valid()
    form_key = form.cleaned_data.get("form_key")
    job = BulkJob.objects.filter(form_key=form_key).first() if form_key else None
    return redirect("bulk-action", pk=job.pk) if job else None


def _start(
    request: StaffRequest, kind: JobKind, selection: Selection, form: BulkForm
) -> HttpResponse:
    if not form.is_valid():
        return _ask(request, kind, selection, form, status=422)
    terms, values = dict(form.terms), form.cleaned_data
    left = spelled(values["left_out"]), spelled(values["left_unless_meant"])
    if kind != JobKind.REORDER:
        if values["shown_orders"] != _shown_orders(values["chosen"], *left):
            form.add_error(None, OTHER_ORDERS)
            return _ask(request, kind, selection, form, status=422)
    else:
        terms["agreed"] = terms_of(in_parts(values["chosen"]))
        orders = _shown_orders(_told_of(values["chosen"], terms["shown_beside"]), *left)
        if words := _changed(terms.pop("shown_terms"), orders, terms["agreed"]):
            form.add_error(None, words)
            return _ask(request, kind, selection, form, status=422)
        if not _is_meant_once_more(form, terms.pop("once_more"), request.user):
            form.add_error(None, NOT_TICKED)
            return _ask(request, kind, selection, form, status=422)
    if left_out := form.left_as_told:
        terms |= {"left_out": spelled(left_out), "left_as_told": len(left_out)}
    job, is_new = start_job(
        kind,
        values["chosen"],
        form_key=values["form_key"],
        terms=terms,
        started_by=request.user,
        now=database_now(),
    )
    if is_new:
        tasks.ring_job(job.pk)
    return redirect("bulk-action", pk=job.pk)


def _is_meant_once_more(form: BulkForm, ticked: str, person: User) -> bool:
    """Whoever takes a second time along was told what an action has bought for these already."""
    values = form.cleaned_data
    if not values["beside_open"]:
        return True
    beside = _ids(values["shown_beside"])
    again = once_more(in_parts(values["chosen"]), beside, person, database_now())
    return again.is_meant(ticked)


def _ask(
    request: StaffRequest, kind: JobKind, selection: Selection, form: BulkForm, *, status: int = 200
) -> HttpResponse:
    said = form.cleaned_data if form.is_bound else form.initial
    if isinstance(form, BulkReorderForm) and form.is_bound:
        form = form.as_drawn_anew()
    chosen = said.get("chosen") or list(selection.orders().order_by().values_list("pk", flat=True))
    now, beside, refills, cancels = database_now(), "", "", ""
    if kind == JobKind.REORDER:  # before anything is looked at
        beside = str(may_repeat(in_parts(chosen), now))
    elif kind == JobKind.REFILL:
        refills = shown_history.of_refills(in_parts(chosen))
    elif kind == JobKind.CANCEL:
        cancels = shown_history.of_cancels(in_parts(chosen))
    again = once_more(in_parts(chosen), _ids(beside), request.user, now) if beside else None
    seen = outlook(kind, in_parts(chosen), why_never_again, person=request.user, now=now)
    left = spelled(seen.left_ids), spelled(seen.beside_ids)
    context: dict[str, Any] = {
        "kind": kind,
        "form": form,
        "seen": seen,
        "estimates": sorted(seen.estimates.items()) if kind == JobKind.REORDER else [],
        "estimates_alone": sorted(seen.estimates_alone.items()),
        "reasons": seen.why_not,
        "done_before": seen.done_before,
        "is_second_time": kind == JobKind.REORDER and not seen.alone,
        "once_more": again,
        "again_lines": with_names(seen.again_lines, _ids(beside), now),
        "words_once": _words_once(again, seen.possible) if again else "",
        "list_query": selection.list_query(),
        "query": _query(request),
        "form_key": said.get("form_key") or uuid.uuid4(),
        "chosen": spelled(chosen),
        "shown_orders": "" if kind == JobKind.REORDER else _shown_orders(chosen, *left),
        "left_out": left[0],
        "left_unless_meant": left[1],
        "shown_beside": beside,
        "shown_sends": ".".join(sorted(seen.told_sends)),
        "shown_refill_lines": refills,
        "shown_cancels": cancels,
        "shown_terms": _shown(chosen, beside, *left) if kind == JobKind.REORDER else "",
    }
    return render(request, "orders/bulk/confirm.html", context, status=status)


def _shown(chosen: list[int], beside: str, *left: str) -> str:
    """The terms, and which orders these are and those beside them."""
    orders = _shown_orders(_told_of(chosen, beside), *left)
    return f"{_digest(terms_of(in_parts(chosen)))}.{orders}"


def _shown_orders(told: list[int], *left: str) -> str:
    """Which orders these are, for a database that is put back gives their numbers to others; and
    which of them are left out, at any rate and unless a second time is meant."""
    return _digest([*_form_keys(told), *left])


def _told_of(chosen: list[int], beside: str) -> list[int]:
    return sorted({*chosen, *_ids(beside)})


def _ids(beside: str) -> frozenset[int]:
    return read(beside).numbers


def _words_once(again: OnceMore, possible: int) -> str:
    """What the browser asks: not how long ago, for that goes on while the page is open."""
    names = ", ".join(map(str, again.named))
    told = _("%(names)s and %(more)s more") % {"names": names, "more": grouped(again.more)}
    told = told if again.more else names
    if again.of_orders < possible:
        asked = _("Bought already for %(some)s of these %(count)s: %(told)s. Buy all %(count)s?")
    elif again.is_own:
        asked = _("You bought %(told)s for these already. Buy them once more, %(count)s in all?")
    else:
        asked = _("%(told)s was bought for these already. Buy them once more, %(count)s in all?")
    some = grouped(again.of_orders)
    return asked % {"told": told, "some": some, "count": grouped(possible)}


def _changed(shown: str, orders: str, terms: dict[str, Any]) -> str:
    """Why it is to be looked at again, in words."""
    shown_terms, _, shown_orders = shown.partition(".")
    if shown_terms == _digest(terms) and shown_orders != orders:
        return OTHER_ORDERS
    return "" if shown_terms == _digest(terms) else TERMS_CHANGED


def _form_keys(told: list[int]) -> list[str]:
    parts = in_parts(sorted(told))  # a selection is read in no order
    keys = (part.order_by("pk").values_list("form_key", flat=True) for part in parts)
    return [key.hex for part in keys for key in part]


def _digest(terms: dict[str, Any] | list[str]) -> str:
    return hashlib.sha256(json.dumps(terms, sort_keys=True).encode()).hexdigest()


def _query(request: StaffRequest) -> str:
    asked = request.GET.copy()
    asked.pop("cursor", None)
    return asked.urlencode()
