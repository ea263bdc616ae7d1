"""The limits of what may be ordered: their rules, a place to try a link, what was changed when."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.clocks import database_now
from core.models import StaffChange
from core.roles import May
from core.rows.numbers import row_number
from core.shown_fields import ChangedMeanwhile, word_of
from core.web.messages import tell
from core.web.policy import StaffRequest, allow
from providers.models import Provider

from ..models import BlockedLink, PriceTolerance, SpendLimit
from ..shown import CHANGED
from .agree_terms import tolerance
from .change_rules import TakesAway, block_links, set_limit, set_tolerance, unblock_links
from .check_limits import LimitRules
from .forms import BlockForm, LimitForm, ToleranceForm, TryForm

CHANGES_SHOWN = 20
STAYS_HELD = "Orders that it held stay held until somebody releases them."
RULES = (BlockedLink, SpendLimit, PriceTolerance)


@allow(May.PLACE)
@require_safe
def limits(request: StaffRequest) -> HttpResponse:
    """The rules, for everybody who may run into them; `?link=` tries one, `?limit=` begins the
    form with one."""
    return _page(request)


@allow(May.RUN_PROVIDERS)
@require_POST
def limits_block(request: StaffRequest) -> HttpResponse:
    form = BlockForm(request.POST)
    if not form.is_valid():
        return _page(request, block_form=form)
    pattern, reason = form.cleaned_data["pattern"], form.cleaned_data["reason"]
    tell(
        request,
        block_links(pattern, reason=reason, by=request.user, now=database_now()),
        f"Links that contain “{pattern}” are blocked.",
        "Such links had been blocked already.",
        written=reason,
    )
    return redirect("limits")


@allow(May.RUN_PROVIDERS)
@require_POST
def limits_unblock(request: StaffRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(BlockedLink, pk=pk)
    try:
        is_gone = unblock_links(rule, by=request.user, shown=request.POST.get("shown", ""))
    except ChangedMeanwhile:
        messages.warning(request, CHANGED)
        return redirect("limits")
    tell(
        request,
        is_gone,
        f"“{rule}” is no longer blocked. {STAYS_HELD}",
        "It was not blocked any more.",
    )
    return redirect("limits")


@allow(May.RUN_PROVIDERS)
@require_POST
def limits_spend(request: StaffRequest) -> HttpResponse:
    form = LimitForm(request.POST)
    if not form.is_valid():
        return _page(request, limit_form=form)
    limit = form.wanted
    try:
        is_changed = set_limit(**limit, by=request.user, shown=form.shown, agreed=form.agreed)
    except ChangedMeanwhile as changed:
        form.say_meanwhile(changed)
        return _page(request, limit_form=form)
    except TakesAway as lost:
        form.ask(lost)
        return _page(request, limit_form=form)
    is_gone = limit["per_order"] is None and limit["per_day"] is None
    tell(
        request,
        is_changed,
        f"There is no limit in {limit['currency']} for this role any more. {STAYS_HELD}"
        if is_gone
        else "The limit is changed. It also holds orders that were placed before and not sent yet.",
        f"Nothing was changed: this role has no limit in {limit['currency']}, and none was given.",
    )
    return redirect("limits")


@allow(May.RUN_PROVIDERS)
@require_POST
def limits_tolerance(request: StaffRequest) -> HttpResponse:
    form = ToleranceForm(request.POST)
    if not form.is_valid():
        return _page(request, tolerance_form=form)
    try:
        is_changed = set_tolerance(form.cleaned_data["percent"], by=request.user, shown=form.shown)
    except ChangedMeanwhile as changed:
        form.say_meanwhile(changed)
        return _page(request, tolerance_form=form)
    tell(
        request,
        is_changed,
        "The tolerance is changed. It counts for every order not sent yet.",
        "Nothing was changed.",
    )
    return redirect("limits")


def _page(
    request: StaffRequest,
    *,
    block_form: BlockForm | None = None,
    limit_form: LimitForm | None = None,
    tolerance_form: ToleranceForm | None = None,
) -> HttpResponse:
    """The page; with 422 when it comes back with a form that has to be fixed."""
    currencies = Provider.objects.order_by("currency").values_list("currency", flat=True)
    in_use = [currency for currency in currencies.distinct() if currency]
    limits = list(SpendLimit.objects.order_by("currency", "role"))
    rules = BlockedLink.objects.select_related("added_by")
    context = {
        "rules": [(rule, word_of(rule)) for rule in rules.order_by("pattern", "pk")],
        "limits": [(limit, limit.currency in in_use) for limit in limits],
        "unlimited": _unlimited(limits, in_use),
        "changes": StaffChange.objects.about(*RULES)[:CHANGES_SHOWN],
        "block_form": block_form or BlockForm(),
        "limit_form": limit_form or LimitForm(initial=_chosen(request, limits)),
        "tolerance": tolerance(),
        "tolerance_form": tolerance_form or ToleranceForm(initial={"percent": tolerance()}),
        "currencies": in_use,
        "may_change": request.user.may(May.RUN_PROVIDERS),
        **_tried(request),
    }
    status = 422 if block_form or limit_form or tolerance_form else 200
    return render(request, "orders/limits/limits.html", context, status=status)


def _chosen(request: StaffRequest, limits: list[SpendLimit]) -> dict[str, Any]:
    """What the form begins with: the limit in the address. Another one, of a database that was put
    back, would be shown as what it is."""
    number = row_number(request.GET.get("limit", ""))
    limit = next((one for one in limits if one.pk == number), None)
    return model_to_dict(limit, ["role", "currency", "per_order", "per_day"]) if limit else {}


def _unlimited(limits: list[SpendLimit], in_use: list[str]) -> list[tuple[str, str]]:
    """Roles that have a limit, and the currencies of accounts in which it is none: there the desk
    holds nothing for them, also where an account has only just been given this currency."""
    found = dict[str, set[str]]()
    for limit in limits:
        found.setdefault(limit.role, set(in_use)).discard(limit.currency)
    return [(role, ", ".join(sorted(left))) for role, left in sorted(found.items()) if left]


def _tried(request: StaffRequest) -> dict[str, Any]:
    """What the block list says about the link in the address."""
    form = TryForm(request.GET if "link" in request.GET else None)
    link = form.cleaned_data["link"] if form.is_valid() else ""
    rules = LimitRules("", tuple(BlockedLink.objects.order_by("pk")), {})
    return {"try_form": form, "tried": link, "blocked_by": rules.blocking([link] if link else [])}
