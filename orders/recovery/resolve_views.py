"""Orders in doubt: the evidence, and a person's decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from core.clocks import database_now
from core.encryption import WrongEncryptionKey
from core.forms import TablerForm
from core.regional.numbers import grouped
from core.roles import May
from core.web.messages import give_back
from core.web.pages import asked_page
from core.web.policy import StaffRequest, allow
from providers.actions.refusal_phrases import CannotAddPhrase
from providers.connect import NoKey, client_for

from .. import shown
from ..models import Order
from ..sending.reused_id import order_with
from ..status import Status
from ..story import story_of
from . import link_orders, not_placed
from .decision_forms import GiveUpForm, LinkForm, NotPlacedForm
from .doubted_attempt import decided_by_hand
from .neighbours import doubted_attempts, neighbours
from .phrase_forms import RefusalForm
from .refusal_phrase import AnswerPhrase, add_refusal_phrase, phrase_in_answer

PAGE_SIZE = 25
ANOTHER_ANSWER = "Another answer came meanwhile. Look at it first."


@allow(May.SEE)
@require_safe
def unconfirmed(request: StaffRequest) -> HttpResponse:
    """Oldest first: the longer an order is in doubt, the harder it is to prove."""
    found = Order.objects.unconfirmed().for_list()
    page = asked_page(request, found, keys=("pk",), size=PAGE_SIZE)
    attempts = doubted_attempts(page.rows)
    context = {
        "page": page,
        "cases": [(order, attempts.get(order.pk)) for order in page.rows],
        "may_resolve": request.user.may(May.RESOLVE),
    }
    return render(request, "orders/recovery/unconfirmed.html", context)


@allow(May.RESOLVE)
@require_safe
def order_resolve(request: StaffRequest, pk: int) -> HttpResponse:
    """Everything known about one of them, and the decisions there are."""
    order = _found(pk)
    return _outcome(request, order, linking=not request.htmx) or _draw(request, order)


@allow(May.RESOLVE)
@require_POST
def order_link(request: StaffRequest, pk: int) -> HttpResponse:
    """It is this order of theirs: checked by asking the provider about it."""
    order, form = _found(pk), LinkForm(request.POST)
    if answer := _outcome(request, order, linking=True):
        return answer
    if _is_from_before(request, order, form) or not form.is_valid():
        return _draw(request, order, link_form=form)
    external_id = form.cleaned_data["external_id"]
    try:
        won = link_orders.link_order(
            order,
            external_id,
            actor=request.user,
            client=client_for(order.provider),
            clock=database_now,
            although_charge_differs=form.cleaned_data["although_charge_differs"],
            although_older=form.cleaned_data["although_older"],
            seen=request.POST.get("shown", ""),
        )
    except shown.NotAsShown:
        return _changed(request, pk, form, linking=True, link_form=form)
    except link_orders.CannotLink as mismatch:
        return _not_linked(request, pk, form, mismatch)
    except (NoKey, WrongEncryptionKey):
        form.add_error(None, "The provider cannot be asked: its key is missing or unreadable.")
        return _draw(request, order, link_form=form)
    words = _("Order #%(order)s is linked to %(id)s. The desk follows it now.")
    return _done(request, pk, won, words % {"order": pk, "id": external_id})


def _not_linked(
    request: StaffRequest, pk: int, form: LinkForm, mismatch: link_orders.CannotLink
) -> HttpResponse:
    """Why not; but while the provider was asked, somebody else may have resolved the order."""
    order = _found(pk)
    if answer := _outcome(request, order, linking=True):
        return answer
    form.add_error("external_id", str(mismatch))
    if isinstance(mismatch, link_orders.MustBeMeant):
        is_older = isinstance(mismatch, link_orders.OlderThanTry)
        form.ask("although_older" if is_older else "although_charge_differs", mismatch.consent)
    return _draw(request, order, link_form=form)


@allow(May.RESOLVE)
@require_POST
def order_not_placed(request: StaffRequest, pk: int) -> HttpResponse:
    """A person has looked, and it is not there."""
    order, form = _found(pk), NotPlacedForm(request.POST)
    if answer := _outcome(request, order):
        return answer
    if _is_from_before(request, order, form) or not form.is_valid():
        return _draw(request, order, not_placed_form=form)
    now, seen = database_now(), request.POST.get("shown", "")
    try:
        said = not_placed.confirm_not_placed(order, actor=request.user, now=now, seen=seen)
    except shown.NotAsShown:
        return _changed(request, pk, form, not_placed_form=form)
    except not_placed.TooEarly as early:
        form.add_error(None, str(early))
        return _draw(request, order, not_placed_form=form)
    if said is not_placed.Confirmed.ONE_OF_TWO:
        messages.info(
            request, _("Saved. A second person has to confirm an order of this cost too.")
        )
        return redirect("order-resolve", pk=pk)
    won = said is not_placed.Confirmed.DONE
    return _done(request, pk, won, _what_became_of(order))


def _what_became_of(order: Order) -> str:
    """Of one that was confirmed as not placed: an id that was seen meanwhile speaks against it."""
    order.refresh_from_db(fields=["status"])
    if order.status == Status.UNCONFIRMED:
        return _(
            "Order %(order)s stays unconfirmed. The provider has an order that can be this one."
        ) % {"order": order}
    return _("Order %(order)s is marked as not placed. You can send it again.") % {"order": order}


@allow(May.RESOLVE)
@require_POST
def order_give_up(request: StaffRequest, pk: int) -> HttpResponse:
    """Nobody can find out: the order rests, never to be sent again."""
    order, form = _found(pk), GiveUpForm(request.POST)
    if answer := _outcome(request, order):
        return answer
    if _is_from_before(request, order, form) or not form.is_valid():
        return _draw(request, order, give_up_form=form)
    note, seen = form.cleaned_data["note"], request.POST.get("shown", "")
    try:
        won = not_placed.give_up(
            order, actor=request.user, note=note, now=database_now(), seen=seen
        )
    except shown.NotAsShown:
        return _changed(request, pk, form, give_up_form=form)
    return _done(
        request,
        pk,
        won,
        _("Order #%(order)s is closed as unknown. It is never sent again.") % {"order": pk},
    )


@allow(May.RESOLVE)
@require_POST
def order_add_phrase(request: StaffRequest, pk: int) -> HttpResponse:
    """The text in its answer means refused, here and from now on."""
    order, form = _found(pk), RefusalForm(request.POST)
    if answer := _outcome(request, order):
        return answer
    phrase = phrase_in_answer(order)
    if phrase is None:  # nothing to say about it, so no form to say it with
        messages.warning(request, ANOTHER_ANSWER)
        return redirect("order-resolve", pk=pk)
    if phrase.words != request.POST.get("phrase"):
        form.look_again(ANOTHER_ANSWER, "meaning")
        return _draw(request, order, refusal_form=form)
    if _is_from_before(request, order, form) or not form.is_valid():
        return _draw(request, order, refusal_form=form)
    try:
        seen, now = request.POST.get("shown", ""), database_now()
        resolved = add_refusal_phrase(
            order, phrase, form.code, actor=request.user, now=now, seen=seen
        )
    except CannotAddPhrase as refused:
        form.add_error(None, str(refused))
        return _draw(request, order, refusal_form=form)
    return _phrase_added(request, pk, phrase, resolved)


def _phrase_added(
    request: StaffRequest, pk: int, phrase: AnswerPhrase, resolved: int
) -> HttpResponse:
    """To the order; back to its evidence when there is more to say of it."""
    orders = "1 order is" if resolved == 1 else f"{grouped(resolved)} orders are"
    messages.success(
        request, f"“{phrase.words}” is a refusal from now on. {orders} resolved by it."
    )
    is_resolved = not Order.objects.unconfirmed().filter(pk=pk).exists()
    return redirect("order" if is_resolved else "order-resolve", pk=pk)


def _draw(
    request: StaffRequest,
    order: Order,
    *,
    link_form: LinkForm | None = None,
    not_placed_form: NotPlacedForm | None = None,
    give_up_form: GiveUpForm | None = None,
    refusal_form: RefusalForm | None = None,
) -> HttpResponse:
    """The page; with 422 when it comes back with a form that has to be fixed. Its word is read
    before all that is drawn, so that what comes in between is looked at again."""
    word = shown.of_order(order)
    attempt = doubted_attempts([order]).get(order.pk)
    candidate = attempt.evidence.get("candidate_id", "") if attempt else ""
    taken_by = order_with(order.provider_id, candidate)
    now = database_now()
    phrase = phrase_in_answer(order)
    story, goes_on = story_of(order)
    may_confirm_from = not_placed.not_placed_from(attempt, now) if attempt else now
    context = {
        "order": order,
        "shown": word,
        "attempt": attempt,
        "candidate": candidate,
        "taken_by": taken_by,
        "neighbours": neighbours(attempt) if attempt else None,
        "story": story,
        "story_goes_on": goes_on,
        "may_confirm_from": may_confirm_from,
        "is_too_early": now < may_confirm_from,
        "takes_two": not_placed.takes_two(order),
        "may_see_balances": request.user.may(May.SEE_BALANCES),
        "link_form": link_form or LinkForm(initial={"external_id": "" if taken_by else candidate}),
        "not_placed_form": not_placed_form or NotPlacedForm(),
        "give_up_form": give_up_form or GiveUpForm(),
        "phrase": phrase,
        "refusal_form": refusal_form or RefusalForm(),
    }
    returned = link_form or not_placed_form or give_up_form or refusal_form
    return render(request, "orders/recovery/resolve.html", context, status=422 if returned else 200)


def _found(pk: int) -> Order:
    return get_object_or_404(Order.objects.for_list().select_related("placed_by"), pk=pk)


def _outcome(request: StaffRequest, order: Order, *, linking: bool = False) -> HttpResponse | None:
    """Where an order that needs no decision (any more) is shown instead. One that a person closed
    or said is not there can be linked still, and nothing else."""
    is_linkable = linking and (order.status == Status.GIVEN_UP or decided_by_hand(order))
    if order.status == Status.UNCONFIRMED or is_linkable:
        return None
    if request.htmx:  # the open page asks whether its time has come: told where it is drawn anew
        return HttpResponseClientRedirect(reverse("order-resolve", args=[order.pk]))
    messages.info(
        request, f"Order {order} is resolved: it is {order.get_status_display().lower()}."
    )
    give_back(request, request.POST.get("note") or request.POST.get("external_id", ""))
    return redirect("order", pk=order.pk)


def _is_from_before(request: StaffRequest, order: Order, form: TablerForm) -> bool:
    """More is known by now than the page had that this came from: the form comes back as it was
    written, beside the evidence of now, and is to be sent once more."""
    if request.POST.get("shown") == shown.of_order(order):
        return False
    form.look_again(shown.CHANGED)
    return True


def _changed(
    request: StaffRequest, pk: int, form: TablerForm, *, linking: bool = False, **drawn: Any
) -> HttpResponse:
    """As `_is_from_before`, where it became known between that look and the write."""
    order = _found(pk)
    if answer := _outcome(request, order, linking=linking):
        return answer
    form.look_again(shown.CHANGED)
    return _draw(request, order, **drawn)


def _done(request: StaffRequest, pk: int, won: bool, words: str) -> HttpResponse:
    """To the order's page with what became of it, be it by us or by somebody faster."""
    if won:
        messages.success(request, words)
    else:
        messages.warning(
            request, f"Somebody resolved order #{pk} first. This is what they decided."
        )
    return redirect("order", pk=pk)
