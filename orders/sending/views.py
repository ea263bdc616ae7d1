"""What keeps orders from being sent just now, and who may place and lift which halt."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core import doorbell
from core.clocks import database_now
from core.roles import May
from core.web.messages import give_back, tell
from core.web.pages import asked_page
from core.web.policy import StaffRequest, allow
from providers.models import Provider

from .. import wake_ups
from ..models import Halt, HaltQuerySet
from ..shown import CHANGED
from ..status import HaltKind
from . import halts, sweep_due
from .forms import CancelsForm, IncidentForm, LiftForm, StopForm

PAGE_SIZE = 30
LIFTED_BY_HAND = (HaltKind.STOP, HaltKind.INCIDENT, HaltKind.EXPOSURE, HaltKind.ANSWER_LOST)


@allow(May.SEE)
@require_safe
def sending_control(request: StaffRequest) -> HttpResponse:
    """What is in force, and the history of all halts."""
    return _page(request)


@allow(May.PLACE)
@require_POST
def stop_all(request: StaffRequest) -> HttpResponse:
    """Whoever may order may also stop everything; lifting takes a manager."""
    form = StopForm(request.POST)
    if not form.is_valid():
        return _page(request, stop_form=form)
    tell(
        request,
        _place(request, HaltKind.STOP, form),
        f"All sending is stopped: {_what_waits(form)}",
        "All sending had been stopped already.",
        written=form.cleaned_data["reason"],
    )
    return redirect("sending-control")


@allow(May.RUN_PROVIDERS)
@require_POST
def stop_incident(request: StaffRequest) -> HttpResponse:
    """Hold one provider's orders while it has trouble."""
    form = IncidentForm(request.POST)
    if not form.is_valid():
        return _page(request, incident_form=form)
    provider = form.cleaned_data["provider"]
    tell(
        request,
        _place(request, HaltKind.INCIDENT, form, provider),
        f"{provider} has an incident: {_what_waits(form)}",
        f"{provider} had an incident already.",
        written=form.cleaned_data["reason"],
    )
    return redirect("sending-control")


def _place(
    request: StaffRequest, kind: HaltKind, form: StopForm, provider: Provider | None = None
) -> bool:
    """False: it was in force already."""
    return halts.place_halt(
        kind,
        now=database_now(),
        provider=provider,
        actor=request.user,
        reason=form.cleaned_data["reason"],
        lets_cancels=form.cleaned_data["lets_cancels"],
    )


@allow(May.RUN_PROVIDERS)
@require_POST
def halt_lift(request: StaffRequest, pk: int) -> HttpResponse:
    """Orders behind it are sent again."""
    halt = get_object_or_404(Halt.objects.select_related("provider"), pk=pk)
    if halt.lifted_at is not None:
        return _was_over(request)
    if halt.kind not in LIFTED_BY_HAND:
        messages.warning(request, "This stop is not ended here.")
        return redirect("sending-control")
    form = LiftForm(request.POST)
    if request.POST.get("shown") != halt.shown:
        form.look_again(CHANGED)
    if not form.is_valid():
        return _page(request, lift_form=form, lifted=halt)
    lifted = halts.lift_halt(
        HaltKind(halt.kind),
        now=database_now(),
        provider=halt.provider,
        actor=request.user,
        note=form.cleaned_data["note"],
        only=halt.pk,
    )
    if not lifted:
        return _was_over(request)
    transaction.on_commit(_ring)
    messages.success(request, f"Ended: “{halt.get_kind_display()}”.")
    return redirect("sending-control")


@allow(May.RUN_PROVIDERS)
@require_POST
def halt_cancels(request: StaffRequest, pk: int) -> HttpResponse:
    """Let cancels through this stop, or hold them like all else."""
    halt = get_object_or_404(Halt.objects.select_related("provider"), pk=pk)
    if request.POST.get("shown") != halt.shown:
        return _look_again(request)
    form = CancelsForm(request.POST)
    let = form.is_valid() and form.cleaned_data["lets_cancels"]
    if not halts.let_cancels(halt, let=let, actor=request.user, now=database_now()):
        messages.info(request, "Nothing was changed: it is over, or it was so already.")
    elif let:
        transaction.on_commit(_ring)
        messages.success(request, "Cancels go through now. Orders and refills still wait.")
    else:
        messages.success(request, "Cancels wait now, like orders and refills.")
    return redirect("sending-control")


def _was_over(request: StaffRequest) -> HttpResponse:
    messages.info(request, "It was over already.")
    give_back(request, request.POST.get("note", ""))
    return redirect("sending-control")


def _look_again(request: StaffRequest) -> HttpResponse:
    """The button was about another stop, which had this number before a database was put back."""
    messages.warning(request, CHANGED)
    return redirect("sending-control")


def _what_waits(form: StopForm) -> str:
    waiting = "orders, refills and cancels wait."
    if form.cleaned_data["lets_cancels"]:
        waiting = "orders and refills wait, cancels go through."
    return f"{waiting} What was sent is still followed."


def _ring() -> None:
    now = database_now()
    for provider_id in sweep_due.providers_to_ring(now):
        wake_ups.ring(provider_id)
    doorbell.ring("orders.sweep_requests")


def _page(
    request: StaffRequest,
    *,
    stop_form: StopForm | None = None,
    incident_form: IncidentForm | None = None,
    lift_form: LiftForm | None = None,
    lifted: Halt | None = None,
) -> HttpResponse:
    """The page; with 422 when it comes back with a form that has to be fixed."""
    rows = Halt.objects.select_related("provider", "placed_by", "lifted_by", "cancels_said_by")
    past: HaltQuerySet = rows.exclude(lifted_at=None)
    placed = list(rows.standing().order_by("kind", "pk"))
    context = {
        "placed": [
            (
                halt,
                halt.kind in LIFTED_BY_HAND,
                halt.kind in halts.MAY_LET_CANCELS,
                lift_form if halt == lifted else None,
            )
            for halt in placed
        ],
        "all_stopped": any(halt.kind == HaltKind.STOP for halt in placed),
        "page": asked_page(request, past, keys=("-pk",), size=PAGE_SIZE),
        "stop_form": stop_form or StopForm(),
        "incident_form": incident_form
        or IncidentForm(initial={"provider": request.GET.get("provider", "")}),
        "may_stop": request.user.may(May.PLACE),
        "may_lift": request.user.may(May.RUN_PROVIDERS),
    }
    status = 422 if stop_form or incident_form or lift_form else 200
    return render(request, "orders/sending/sending_control.html", context, status=status)
