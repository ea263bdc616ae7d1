"""A new order: find a service, fill in the form of its type, see what will be sent, place it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from core.clocks import database_now
from core.forms import FormKeyField
from core.roles import May
from core.rows.numbers import row_number
from core.web.pages import page_or_part
from core.web.policy import StaffRequest, allow
from providers.account_health import account_health
from providers.identity import lock_service
from providers.models import Service

from .. import wake_ups
from ..limits.check_limits import objection
from ..models import Halt, Order, Recipe
from ..terms import Difference, differences
from .order_form import OrderForm, form_for, obstacle
from .place_orders import NotAgreed, place_order
from .preview import preview_of
from .recipes import begun_with
from .service_picker import carried_link, pick_service

PAGE = "orders/placing/order_new.html"
TERMS_CHANGED = (
    "The terms of this service are not those that the form was drawn with: look at them, and "
    "place the order again if you agree."
)


@allow(May.PLACE)
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def order_new(request: StaffRequest) -> HttpResponse:
    """Without a service the search for one, with a service its form; POST places the order."""
    again, recipe = _earlier_order(request, "again"), _chosen_recipe(request)
    service = again.service if again else recipe.service if recipe else _chosen_service(request)
    if service is None:
        return pick_service(request)
    earlier = _sent_before(request)
    if words := obstacle(service):
        earlier = earlier or _placed_meanwhile(request, service)
        return _placed_once(request, earlier) if earlier else _cannot(request, service, words)
    now = database_now()
    if request.method == "POST":
        form = form_for(service, now=now, person=request.user, data=request.POST)
        return _already_placed(request, form, earlier) if earlier else _place(request, form, now)
    begun = begun_with(recipe, _earlier_order(request, "like"))
    begun |= {"link": link} if (link := carried_link(request)) else {}
    form = form_for(service, now=now, person=request.user, again=again, begun=begun)
    more = {"again": again, "recipe": recipe}
    return render(request, PAGE, _form_context(request, form) | more)


@allow(May.PLACE)
@require_POST
@vary_on_headers("HX-Request")
def order_preview(request: StaffRequest) -> HttpResponse:
    """What the form, however unfinished, would send and cost. Never an error for the typist."""
    service = _chosen_service(request)
    if service is None or obstacle(service):
        raise Http404("No such service can be ordered.")
    form = form_for(service, now=database_now(), person=request.user, data=request.POST)
    context, earlier = _form_context(request, form), _sent_before(request)
    if earlier is not None and _is_same(form, earlier):  # a repeat of itself is asked of nobody
        context["placed_as"] = earlier
    return render(request, page_or_part(request, PAGE, "order-preview"), context)


def _place(request: StaffRequest, form: OrderForm, now: datetime) -> HttpResponse:
    draft = form.draft() if form.is_valid() else None
    if draft is not None:
        leaves_at = form.cleaned_data.get("starts_at")
        if words := objection(draft, person=request.user, now=now, leaves_at=leaves_at):
            form.add_error(None, words)
    if form.terms_changed:
        form.add_error(None, TERMS_CHANGED)
    if draft is None or not form.is_valid():
        return _refuse_unless_placed(request, form)
    try:
        order, is_new = place_order(draft, placed_by=request.user, now=now, **form.when())
    except NotAgreed as refusal:
        return _ask_again(request, form, str(refusal))
    if not is_new:
        return _already_placed(request, form, order)
    transaction.on_commit(lambda: wake_ups.ring(order.provider_id))
    # Of one that is queued no more: before the message has gone it may be sent, or be in doubt.
    waits = f": held. {order.get_hold_reason_display()}" if order.hold_reason else ""
    address = reverse("order", args=[order.pk])
    words = format_html('Order <a href="{}">{}</a> is placed{}.', address, order, waits)
    messages.success(request, words)
    if "another" in request.POST:
        return _to_next(order)
    return redirect("order", pk=order.pk)


def _ask_again(request: StaffRequest, form: OrderForm, words: str) -> HttpResponse:
    """The form once more, with what came in between its check and the order."""
    service = Service.objects.select_related("provider__health").get(pk=form.service.pk)
    if refusal := obstacle(service):
        return _cannot(request, service, refusal)
    form = form_for(service, now=database_now(), person=request.user, data=request.POST)
    if form.is_valid():
        form.add_error(None, words)
    return _refuse_unless_placed(request, form)


def _refuse_unless_placed(request: StaffRequest, form: OrderForm) -> HttpResponse:
    placed = _placed_meanwhile(request, form.service)
    return _already_placed(request, form, placed) if placed else _refuse(request, form)


def _cannot(request: StaffRequest, service: Service, words: str) -> HttpResponse:
    """The page of a service that cannot be ordered, or its answer to a form not sent before."""
    is_refused = request.method == "POST"
    context = {"service": service, "obstacle": words, "is_refused": is_refused}
    return render(request, PAGE, context, status=422 if is_refused else 200)


def _refuse(request: StaffRequest, form: OrderForm) -> HttpResponse:
    """The form comes back filled in, with what its service's terms were and are."""
    shown, changes = form.shown_terms, list[Difference]()
    if shown is not None:
        changes = differences(shown, form.terms)
    more = {"is_refused": True, "changes": changes}
    return render(request, PAGE, _form_context(request, form) | more, status=422)


def _sent_before(request: StaffRequest) -> Order | None:
    """The order that this form became when it was sent before. It is asked before anything can
    refuse the form: a browser forgets that it may have been placed once it reads of a refusal."""
    if request.method != "POST":
        return None
    try:
        form_key = FormKeyField().clean(request.POST.get("form_key"))
    except ValidationError:
        return None
    return Order.objects.filter(form_key=form_key).first()


def _placed_meanwhile(request: StaffRequest, service: Service) -> Order | None:
    """The same of a form that was sent twice at once: whoever places it holds the row of its
    service until that is committed."""
    if request.method != "POST":
        return None
    with transaction.atomic():
        lock_service(service)
        return _sent_before(request)


def _already_placed(request: StaffRequest, form: OrderForm, order: Order) -> HttpResponse:
    """The order that the form became. Filled in anew since then, it asks for another one."""
    if not _is_same(form, order):
        return _ask_for_another(request, form, order)
    return _placed_once(request, order)


def _is_same(form: OrderForm, order: Order) -> bool:
    """Whether the form still holds what this order is."""
    form.is_valid()
    is_same = form.service.pk == order.service_id and form.partial_payload().wire() == order.payload
    is_start_read = form.typed_start is not None or "starts_at" in form.cleaned_data
    return is_same and not (is_start_read and form.typed_start != order.starts_at)


def _placed_once(request: StaffRequest, order: Order) -> HttpResponse:
    messages.info(request, f"This form was sent before: it is order {order}, placed once.")
    return redirect("order", pk=order.pk)


def _ask_for_another(request: StaffRequest, form: OrderForm, order: Order) -> HttpResponse:
    """Somebody went back and wrote something else: kept, under a form key of its own."""
    data = request.POST.copy()
    data["form_key"] = str(uuid4())
    fresh = form_for(form.service, now=database_now(), person=request.user, data=data)
    fresh.full_clean()
    fresh.add_error(
        None,
        f"This form was sent before, with other values: that is order {order}, which stays as it "
        "is. Nothing was placed now. Place the order once more if you want this one as well.",
    )
    return _refuse(request, fresh)


def _form_context(request: StaffRequest, form: OrderForm) -> dict[str, Any]:
    now = database_now()
    health = account_health(form.service.provider, now=now)
    return {
        "service": form.service,
        "form": form,
        "trouble": health if health.keeps_orders else None,
        "halts": Halt.objects.standing()
        .for_provider(form.service.provider_id)
        .order_by("kind", "pk"),
        "is_favourite": request.user.favourite_services.filter(service=form.service).exists(),
        "preview": preview_of(form, now=now),
        "may_see_balances": request.user.may(May.SEE_BALANCES),
    }


def _to_next(order: Order) -> HttpResponseRedirect:
    """The form of the same service with the same quantity, its link empty."""
    return HttpResponseRedirect(
        f"{reverse('order-new')}?service={order.service_id}&like={order.pk}"
    )


def _chosen_service(request: StaffRequest) -> Service | None:
    """The service in the form or the address; 404 for one that is not there."""
    chosen = request.POST.get("service") or request.GET.get("service")
    if not chosen:
        return None
    return get_object_or_404(Service.objects.select_related("provider__health"), pk=_number(chosen))


def _earlier_order(request: StaffRequest, named: str) -> Order | None:
    """The order to place once more (`again`), or that lends its numbers to the next (`like`)."""
    chosen = request.GET.get(named)
    if not chosen or request.method == "POST":
        return None
    earlier = Order.objects.select_related("service__provider__health")
    return get_object_or_404(earlier, pk=_number(chosen))


def _chosen_recipe(request: StaffRequest) -> Recipe | None:
    """One of this person's own."""
    chosen = request.GET.get("recipe")
    if not chosen or request.method == "POST":
        return None
    mine = request.user.recipes.select_related("service__provider__health")
    return get_object_or_404(mine, pk=_number(chosen))


def _number(text: str) -> int:
    number = row_number(text)
    if number is None:
        raise Http404("No such row.")
    return number
