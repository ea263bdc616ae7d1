"""Orders held because the terms of their service changed: old and new side by side, and a step."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.clocks import database_now
from core.models import User
from core.roles import May
from core.rows.numbers import row_number
from core.web.pages import asked_page
from core.web.policy import StaffRequest, allow

from .. import wake_ups
from ..limits.agree_terms import accept_terms, agreed, tolerance, what_changed, why_not_acceptable
from ..models import Order, OrderQuerySet
from ..status import HoldReason, Status
from ..terms import Difference, Terms, differences, proposed_for
from .place_orders import NotAgreed, refuse_beside, withdraw_order
from .sent_after_all import BesideForm

PAGE_SIZE = 50
MOST_QUEUED = 200  # that are looked at for whether they will wait here
MOST_TOLD = 5  # of those that could not be changed
PAGE = "orders/placing/changed_terms.html"


@dataclass(frozen=True, slots=True)
class Shown:
    """One order as it is asked about. `token` says which order it is, and to exactly which terms
    somebody agrees; `catalog` is the run that waits for a decision, where its terms are those;
    `beside` asks about what it may buy a second time."""

    order: Order
    token: str
    faults: list[str]
    differences: list[Difference]
    obstacle: str
    catalog: int | None
    beside: BesideForm | None = None


@allow(May.PLACE)
@require_safe
def changed_terms(request: StaffRequest) -> HttpResponse:
    """Those that wait, oldest first; `?order=` shows one alone."""
    rows = _waiting()
    one = request.GET.get("order", "")
    if (number := row_number(one)) is not None:
        rows = rows.filter(pk=number)
    page = asked_page(request, rows, keys=("pk",), size=PAGE_SIZE)
    percent = tolerance()
    context = {"page": page, "shown": [_shown(order, percent) for order in page.rows], "one": one}
    if not one:
        context |= _coming(percent)
    return render(request, PAGE, context)


@allow(May.PLACE)
@require_POST
def terms_accept(request: StaffRequest) -> HttpResponse:
    """Agree to the terms that were shown, order by order. Those beside which the same is there come
    back with the question."""
    queued, refused, asked = list[Order](), list[str](), dict[int, BesideForm]()
    for pk, digest, key in _selected(request):
        order = _shown_as(pk, key)
        words, form = "It no longer waits for this.", BesideForm(request.POST, prefix=f"{pk}")
        try:
            if order is not None and not (words := _agree(order, digest, request.user, form)):
                queued.append(order)
        except NotAgreed:
            asked[pk] = form
        else:
            refused += [f"Order #{pk}: {words}"] if words else []
    for provider_id in {order.provider_id for order in queued}:
        transaction.on_commit(partial(wake_ups.ring, provider_id))
    if queued or refused or not asked:
        _say(request, len(queued), "queued under their new terms", refused)
    return _ask(request, asked) if asked else redirect("changed-terms")


def _agree(order: Order, digest: str, person: User, form: BesideForm) -> str:
    """Queue it under these terms; or why not, in words. Raises NotAgreed where it would be sent
    beside what the form does not name."""
    now = database_now()
    meant = form.meant() if form.told_of(order, now).is_valid() else form.nothing_meant()
    try:
        with transaction.atomic():
            words = accept_terms(order.pk, digest, actor=person, now=now)
            if not words:
                refuse_beside(order, now, **meant)
    except NotAgreed as refusal:
        if form.is_valid():  # it came in between
            form.told_of(order, now).add_error("place_anyway", str(refusal))
        raise
    return words


def _ask(request: StaffRequest, asked: dict[int, BesideForm]) -> HttpResponse:
    """The page with these alone, each with what it may buy a second time."""
    percent = tolerance()
    rows = [_shown(order, percent, asked[order.pk]) for order in _waiting().filter(pk__in=asked)]
    return render(request, PAGE, {"shown": rows, "one": "asked", "is_refused": True}, status=422)


@allow(May.PLACE)
@require_POST
def terms_withdraw(request: StaffRequest) -> HttpResponse:
    """Take the selected orders back."""
    withdrawn, refused = 0, list[str]()
    for pk, _, key in _selected(request):
        order = _shown_as(pk, key)
        if order is not None and withdraw_order(order, actor=request.user, now=database_now()):
            withdrawn += 1
        else:
            refused.append(f"Order #{pk}: It no longer waits for this.")
    _say(request, withdrawn, "withdrawn", refused)
    return redirect("changed-terms")


def _waiting() -> OrderQuerySet:
    rows = Order.objects.held_for(HoldReason.TERMS).order_by("pk")
    return rows.select_related("service__proposed", "service__provider", "provider", "placed_by")


def _coming(percent: Decimal) -> dict[str, Any]:
    """Of the queued orders, the first ones: those that will wait for this when their turn comes.
    `first_queued` says how many were looked at, where others stand behind them: 0, none does."""
    queued = Order.objects.filter(status=Status.QUEUED).order_by("pk")
    of_service = queued.select_related("service__proposed", "service__provider")
    rows = list(of_service[: MOST_QUEUED + 1])
    first, is_cut = rows[:MOST_QUEUED], len(rows) > MOST_QUEUED
    coming = [order for order in first if what_changed(order, order.service, percent)]
    return {"coming": coming, "first_queued": MOST_QUEUED if is_cut else 0}


def _shown_as(pk: int, key: str) -> Order | None:
    """Not what was given its number since the page was drawn: its form key is another."""
    order = _waiting().filter(pk=pk).first()
    return order if order is not None and order.form_key.hex == key else None


def _shown(order: Order, percent: Decimal, beside: BesideForm | None = None) -> Shown:
    now = Terms.known(order.service)
    proposed = proposed_for(order.service)
    return Shown(
        order=order,
        token=f"{order.pk}:{now.digest}:{order.form_key.hex}",
        faults=what_changed(order, order.service, percent),
        differences=differences(agreed(order), now),
        obstacle=why_not_acceptable(order, order.service),
        catalog=proposed.run_id if proposed else None,
        beside=beside,
    )


def _selected(request: StaffRequest) -> list[tuple[int, str, str]]:
    """The selected orders, each with the digest of the terms it was shown with and its form key."""
    words = (word.partition(":") for word in request.POST.getlist("order")[:PAGE_SIZE])
    numbers = ((row_number(pk), rest.partition(":")) for pk, _, rest in words)
    return [(pk, digest, key) for pk, (digest, _, key) in numbers if pk is not None]


def _say(request: StaffRequest, count: int, done: str, refused: list[str]) -> None:
    if not count and not refused:
        messages.warning(request, "Nothing was done. Select at least one order.")
    if count:
        messages.success(request, f"Orders {done}: {count}.")
    for words in refused[:MOST_TOLD]:
        messages.warning(request, words)
    if left := len(refused[MOST_TOLD:]):
        messages.warning(request, f"And {left} more were left as they are.")
