"""How an order looks on every page: its badge, its bar, its parameters."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.clocks import database_now
from core.templatetags.components import state_badge
from core.templatetags.desk import amount, money, query, spell_money
from providers.account_health import AccountHealth

from ..account_trouble import account_trouble as trouble_of
from ..account_trouble import hold_words as words_of_hold
from ..account_trouble import refill_trouble as trouble_of_refill
from ..lists.sorting import NEWEST, SORTS
from ..models import (
    BatchState,
    BulkJob,
    CancelRequest,
    Discrepancy,
    Order,
    OrderBatch,
    ReconcileRun,
    Refill,
)
from ..status import (
    COLORS,
    CancelStatus,
    JobState,
    Outcome,
    RefillStatus,
    Status,
)

register = template.Library()

CENT = Decimal("0.01")
BARS = frozenset({"green", "orange", "red", "secondary"})  # the rest is blue, as app.css draws it
REFILL_COLORS: dict[RefillStatus, str] = {
    RefillStatus.QUEUED: "secondary",
    RefillStatus.WAITING: "yellow",
    RefillStatus.SENDING: "cyan",
    RefillStatus.UNCONFIRMED: "orange",
    RefillStatus.PENDING: "purple",
    RefillStatus.IN_PROGRESS: "blue",
    RefillStatus.COMPLETED: "green",
    RefillStatus.REJECTED: "red",
    RefillStatus.ERROR: "red",
    RefillStatus.REFUSED: "red",
    RefillStatus.WITHDRAWN: "secondary",
}
CANCEL_COLORS: dict[CancelStatus, str] = {
    CancelStatus.QUEUED: "secondary",
    CancelStatus.SENDING: "cyan",
    CancelStatus.ACCEPTED: "yellow",
    CancelStatus.REFUSED: "red",
    CancelStatus.ENDED: "secondary",
}
OUTCOME_COLORS: dict[str, str] = {
    Outcome.IN_FLIGHT: "cyan",
    Outcome.ACCEPTED: "green",
    Outcome.UNKNOWN: "orange",
    Outcome.REJECTED: "red",
    Outcome.NOT_SENT: "secondary",
    Outcome.NOT_PLACED: "secondary",
}
JOB_COLORS: dict[str, str] = {
    JobState.WAITING: "secondary",
    JobState.RUNNING: "blue",
    JobState.DONE: "green",
    JobState.STOPPED: "orange",
}
BATCH_COLORS: dict[str, str] = {
    BatchState.CHECKED: "yellow",
    BatchState.PLACING: "blue",
    BatchState.PLACED: "green",
    BatchState.DISCARDED: "secondary",
}


@register.simple_tag
def status_badge(status: Order | str) -> SafeString:
    """The badge of an order, or of a status word as an event keeps it."""
    word = status.status if isinstance(status, Order) else status
    try:
        known = Status(word)
    except ValueError:
        return state_badge("secondary", word)
    return state_badge(COLORS[known], known.label)


@register.simple_tag
def status_word(order: Order) -> SafeString:
    """The status of a row: a dot in its colour and the word."""
    status = Status(order.status)
    return format_html(
        '<div class="cell-main status-word tint-{}"><span class="badge-dot"></span>{}</div>',
        COLORS[status],
        status.label,
    )


@register.simple_tag
def account_trouble(order: Order, now: datetime) -> AccountHealth | None:
    """What of its account keeps it waiting."""
    return trouble_of(order, now=now)


@register.simple_tag
def desk_now() -> datetime:
    """The moment that a part is drawn for."""
    return database_now()


@register.simple_tag
def refill_trouble(refill: Refill, now: datetime) -> AccountHealth | None:
    """What of its account keeps it from being sent."""
    return trouble_of_refill(refill, now=now)


@register.simple_tag
def hold_words(order: Order, *, is_named: bool = False) -> str:
    """What a held order waits for."""
    return words_of_hold(order, is_named=is_named)


@register.simple_tag
def refill_badge(refill: Refill) -> SafeString:
    if refill.is_closed_as_unknown:
        return state_badge("orange", _("Closed as unknown"))
    if refill.is_sent_again_in_doubt:
        words = _("%(status)s again, unclear") % {"status": refill.get_status_display()}
        return state_badge("orange", words)
    return state_badge(REFILL_COLORS[RefillStatus(refill.status)], refill.get_status_display())


@register.simple_tag
def cancel_badge(request: CancelRequest) -> SafeString:
    if request.is_unclear:
        return state_badge("orange", _("Unclear"))
    if request.is_sent_again_in_doubt:
        words = _("%(status)s again, unclear") % {"status": request.get_status_display()}
        return state_badge("orange", words)
    return state_badge(CANCEL_COLORS[CancelStatus(request.status)], request.get_status_display())


@register.simple_tag
def outcome_badge(outcome: str) -> SafeString:
    return state_badge(OUTCOME_COLORS.get(outcome, "secondary"), Outcome(outcome).label)


@register.simple_tag
def job_badge(job: BulkJob | ReconcileRun) -> SafeString:
    if job.is_for_nothing:
        return state_badge("orange", "Ended")
    if job.is_partly:
        return state_badge("orange", _("Done in part"))
    return state_badge(JOB_COLORS[JobState(job.state)], job.get_state_display())


@register.simple_tag
def batch_badge(batch: OrderBatch) -> SafeString:
    if batch.is_partly:
        return state_badge("orange", _("Placed in part"))
    is_checked = batch.state == BatchState.CHECKED
    label = "Checked, not placed" if is_checked else batch.get_state_display()
    return state_badge(BATCH_COLORS[BatchState(batch.state)], label)


@register.simple_tag
def discrepancy_badge(discrepancy: Discrepancy) -> SafeString:
    return (
        state_badge("orange", "Open") if discrepancy.is_open else state_badge("secondary", "Closed")
    )


@register.simple_tag
def delivered_bar(order: Order, css: str = "") -> SafeString:
    """The bar and "75 / 500"; no bar while it is not known how much has been delivered.

    `css` is "delivered-wide" for a bar as wide as its place.
    """
    done, units = order.delivered, order.units
    if units is None:
        return format_html('<span class="text-secondary">{}</span>', "unlimited")
    if done is None:
        return format_html('<span class="text-secondary">— / {}</span>', amount(units))
    color = COLORS[Status(order.status)]
    return format_html(
        '<span class="delivered {}"><progress class="bar bar-{}" value="{}" max="{}"></progress>'
        '<span class="text-secondary">{} / {}</span></span>',
        css,
        color if color in BARS else "blue",
        done,
        units,
        amount(done),
        amount(units),
    )


@register.simple_tag
def order_cost(order: Order) -> SafeString | str:
    """What the provider took for it; until it has told a charge our estimate, marked as such."""
    if order.charge is not None:
        return money(order.cost, order.provider.currency)
    if order.estimate is None:
        return money(None)
    currency = order.provider.currency
    words = _up_to(order.estimate, order.estimate_high, currency)
    return format_html('<bdi class="money text-secondary" title="Our estimate">≈ {}</bdi>', words)


def _up_to(low: Decimal, high: Decimal | None, currency: str) -> str:
    words = spell_money(low, currency)
    if high == low:
        return words
    return f"{words} – {spell_money(high, currency)}" if high is not None else f"{words} or more"


@register.simple_tag
def row_cost(order: Order) -> SafeString | str:
    """`order_cost` as a row has room for it: two places, so that the points stand under each
    other; the exact amount in its title. Less than a cent keeps its digits."""
    known = order.cost if order.charge is not None else order.estimate
    if known is None:
        return money(None)
    currency = order.provider.currency
    shown = known if 0 < abs(known) < CENT else round(known, 2)
    exact = spell_money(known, currency)
    if order.charge is not None:
        return format_html('<bdi title="{}">{}</bdi>', exact, spell_money(shown, currency))
    return format_html(
        '<bdi class="text-secondary" title="Our estimate: {}">≈ {}</bdi>',
        _up_to(known, order.estimate_high, currency),
        spell_money(shown, currency),
    )


@register.simple_tag(takes_context=True)
def sort_head(context: Context, label: str, css: str, first: str, second: str = "") -> SafeString:
    """The head of a column that sorts the list: by `first`, once more by `second`, a name of
    `SORTS` each; without a second the newest stand first again."""
    now = context["sort"]
    asked = (second or NEWEST) if now == first else first
    arrow = direction = ""
    says = str(SORTS[asked].label)
    if now in (first, second):
        is_down = SORTS[now].is_descending
        arrow = " ↓" if is_down else " ↑"
        direction = ' aria-sort="descending"' if is_down else ' aria-sort="ascending"'
        says = _("%(now)s. Click for: %(next)s") % {"now": SORTS[now].label, "next": says}
    return format_html(
        '<th class="{}"{}><a class="text-reset" href="{}" title="{}">{}{}</a></th>',
        css,
        SafeString(direction),
        query(context, sort=asked),
        says,
        label,
        arrow,
    )


@register.filter
def parameters(wire: Any) -> list[tuple[str, str]]:
    """Wire parameters as they were sent; the key, should it ever be among them, hidden."""
    if not isinstance(wire, dict):
        return []
    return [
        (str(name), "••••" if str(name).casefold() == "key" else str(value))
        for name, value in wire.items()
    ]
