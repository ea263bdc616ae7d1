"""A database that was taken back to an earlier day: what was found, and the way out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.clocks import database_now
from core.roles import May
from core.rows.keyset import keyset_page
from core.web.messages import give_back
from core.web.pages import asked_page, page_or_part
from core.web.policy import StaffRequest, allow
from providers.models import Provider

from ..models import CancelRequest, Halt, JournalGap, Order, ReconcileRun, Refill, UnmatchedOrder
from ..sending.restore_check import recalled_sends
from ..shown import CHANGED, NotAsShown
from ..status import HaltKind, HoldReason, JobState
from . import compare_accounts, shown_lists
from .forms import AcknowledgeForm, TakenForm
from .likely_orders import likely_orders
from .look_into import word_of
from .tasks import ring_comparison

PAGE_SIZE = 50
WAITING_SHOWN = 100


@allow(May.RESOLVE)
@require_safe
@vary_on_headers("HX-Request")
def restored(request: StaffRequest) -> HttpResponse:
    """Why everything stands still, how far the run is, what it found."""
    return _page(request)


@allow(May.RESOLVE)
@require_POST
def restored_run(request: StaffRequest) -> HttpResponse:
    """Ask all providers, in the background."""
    halt = _halt()
    if halt is None:
        return _nothing_to_do(request)
    if run := compare_accounts.start_run(halt, actor=request.user, now=database_now()):
        ring_comparison(run.pk)
        messages.success(request, "The run has begun. It goes on without this page.")
    else:
        messages.info(request, "A run is under way already.")
    return redirect("restored")


@allow(May.RESOLVE)
@require_POST
def restored_acknowledge(request: StaffRequest) -> HttpResponse:
    """Accept the database as it is: orders go out again."""
    halt, form = _halt(), AcknowledgeForm(request.POST)
    if halt is None:
        return _nothing_to_do(request)
    if not form.is_valid():
        return _page(request, form=form)
    run, note = _newest_run(halt), form.cleaned_data["note"]
    if run is None or run.state != JobState.DONE:
        form.add_error(None, "First a run has to come to its end.")
        return _page(request, form=form)
    now, seen = database_now(), request.POST.get("shown", "")
    try:
        is_accepted = compare_accounts.acknowledge(
            run, actor=request.user, note=note, now=now, shown=seen
        )
    except NotAsShown:
        form.add_error(None, CHANGED)
        return _page(request, form=form)
    if is_accepted:
        messages.success(request, "The database is accepted. Orders go out again.")
    else:
        messages.warning(request, "Somebody was faster: the database is accepted already.")
        give_back(request, note)
    return redirect("restored")


@allow(May.RESOLVE)
@require_POST
def restored_order(request: StaffRequest, pk: int) -> HttpResponse:
    """This order of ours was sent: it becomes unconfirmed, and is resolved with the id there."""
    unmatched, form = get_object_or_404(UnmatchedOrder, pk=pk), TakenForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Choose the order it is.")
        return redirect("restored")
    orders = Order.objects.select_related("provider")
    order = get_object_or_404(orders, pk=form.cleaned_data["order"], provider=unmatched.account)
    now = database_now()
    taken = recalled_sends.take_as_sent(
        order,
        started_at=now,
        now=now,
        actor=request.user,
        candidate_id=unmatched.external_id,
        reason=f"Found at the provider after the database had been restored: {unmatched}.",
    )
    if taken is None:
        messages.warning(request, f"Order {order} does not wait to be sent any more.")
        return redirect("restored")
    UnmatchedOrder.objects.filter(pk=pk).update(order=order)
    messages.success(request, f"Order {order} will not be sent again. Now link it.")
    return redirect("order-resolve", pk=order.pk)


@allow(May.RESOLVE)
@require_POST
def restored_sent(request: StaffRequest, pk: int) -> HttpResponse:
    """A held order that may have been sent is there: it becomes unconfirmed, to be linked."""
    order = Order.objects.held_for(HoldReason.RESTORED).select_related("provider").filter(pk=pk)
    now, found = database_now(), order.first()
    reason = "Somebody found it at the provider after the database had been put back."
    if found is None or not recalled_sends.take_as_sent(
        found, started_at=now, now=now, actor=request.user, reason=reason
    ):
        messages.warning(request, f"Order #{pk} is not held for this any more.")
        return redirect("restored")
    messages.success(request, f"Order {found} will not be sent again. Now link it.")
    return redirect("order-resolve", pk=pk)


def _page(request: StaffRequest, *, form: AcknowledgeForm | None = None) -> HttpResponse:
    """The page; with 422 when it comes back with a form that has to be fixed. Its word is read
    before all that is drawn, so that what comes in between is looked at again."""
    halt = _halt()
    run = _newest_run(halt) if halt else None
    word = shown_lists.of_halt(halt, run) if halt and run and run.state == JobState.DONE else ""
    context: dict[str, Any] = {"halt": halt, "run": run, "shown": word, **_doubtful(halt)}
    listed = halt.unmatched_orders.filter(looked_into_at=None) if halt else None
    unmatched = UnmatchedOrder.objects.left() if listed is None else listed
    context |= _unmatched(request, unmatched)
    context |= _findings(halt, run) if halt else {"last": _last_acknowledged()}
    context["form"] = form or AcknowledgeForm()
    template = page_or_part(request, "orders/restores/restored.html", "restored-live")
    return render(request, template, context, status=422 if form else 200)


def _unmatched(request: StaffRequest, listed: QuerySet[UnmatchedOrder]) -> dict[str, Any]:
    found = listed.select_related("provider", "order")
    page = asked_page(request, found, keys=("pk",), size=PAGE_SIZE)
    likely = likely_orders(page.rows) if page.rows else {}
    rows = [(one, likely.get(one.pk, []), word_of(one)) for one in page.rows]
    keys, cursor = ("-looked_into_at", "-pk"), request.GET.get("seen", "")
    seen = keyset_page(
        UnmatchedOrder.objects.looked_into(), keys=keys, cursor=cursor, size=PAGE_SIZE
    )
    looked_into = [(one, word_of(one)) for one in seen.rows]
    return {"page": page, "unmatched": rows, "seen_page": seen, "looked_into": looked_into}


def _findings(halt: Halt, run: ReconcileRun | None) -> dict[str, Any]:
    waiting = shown_lists.waiting_orders(halt)
    shown = list(waiting.select_related("service", "provider").order_by("pk")[: WAITING_SHOWN + 1])
    return {
        "accounts": _accounts(run),
        "waiting": shown[:WAITING_SHOWN],
        "requests": _waiting_requests(halt),
        "more_waiting": len(shown) > WAITING_SHOWN,
    }


def _doubtful(halt: Halt | None) -> dict[str, Any]:
    """What nobody can know of, and the orders that are held for it as long as there are any."""
    of_halt = JournalGap.objects.select_related("provider").order_by("provider__name", "pk")
    gaps = list(of_halt.filter(halt=halt)) if halt else []
    if halt is not None and not gaps:
        return {}
    held = Order.objects.held_for(HoldReason.RESTORED).select_related("service", "provider")
    shown = list(held.order_by("pk")[: WAITING_SHOWN + 1])
    if halt is None and shown:
        gaps = list(of_halt.filter(provider__in={order.provider_id for order in shown}))
    return {
        "gaps": gaps,
        "doubtful": shown[:WAITING_SHOWN],
        "more_doubtful": len(shown) > WAITING_SHOWN,
    }


def _waiting_requests(halt: Halt) -> list[Refill | CancelRequest]:
    """Refills and cancels that this database shows as asked for before the stop and not sent."""
    refills, cancels = shown_lists.waiting_refills(halt), shown_lists.waiting_cancels(halt)
    return [
        row
        for rows in (refills, cancels)
        for row in rows.select_related("order", "provider").order_by("pk")[:WAITING_SHOWN]
    ]


def _accounts(run: ReconcileRun | None) -> list[tuple[Provider, dict[str, Any]]]:
    stands = run.accounts if run else {}
    return [(one, stands.get(str(one.pk), {})) for one in Provider.objects.order_by("name", "pk")]


def _halt() -> Halt | None:
    return Halt.objects.standing().filter(kind=HaltKind.RESTORED).newest_first().first()


def _newest_run(halt: Halt) -> ReconcileRun | None:
    return halt.runs.select_related("started_by").newest_first().first()


def _last_acknowledged() -> ReconcileRun | None:
    runs = ReconcileRun.objects.exclude(acknowledged_at=None).select_related("acknowledged_by")
    return runs.newest_first().first()


def _nothing_to_do(request: StaffRequest) -> HttpResponse:
    messages.info(request, "Nothing is stopped: the database is the one we know.")
    give_back(request, request.POST.get("note", ""))
    return redirect("restored")
