"""What waits for a person, most urgent first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.models import User
from core.regional.numbers import grouped
from core.roles import May
from orders.models import Discrepancy, Halt, Order, Refill, UnreadAnswer
from orders.status import HaltKind, HoldReason, RefillStatus, Status
from providers.account_health import account_health
from providers.models import CatalogRun, Provider, RunState

from .attention_item import COUNT_CAP, AttentionItem, capped, many
from .held_orders import held_by_reason, held_items
from .watchdog import what_stands_still

MOST_STOPS = 10


@dataclass(frozen=True, slots=True)
class OrderCounts:
    """Orders that wait for a person; each exact up to COUNT_CAP."""

    unconfirmed: int
    not_placed: int
    flagged: int
    terms_changed: int = 0

    @property
    def total(self) -> int:
        return self.unconfirmed + self.not_placed + self.flagged + self.terms_changed


def order_counts() -> OrderCounts:
    """Reads of indexes that hold only such orders, or begin with the status."""
    # Greater than, not unequal: no index leads to what is unequal.
    flagged = Order.objects.filter(flag__gt="").exclude(
        status__in=(Status.UNCONFIRMED, Status.NOT_PLACED)
    )
    return OrderCounts(
        unconfirmed=capped(Order.objects.unconfirmed()),
        not_placed=capped(Order.objects.filter(status=Status.NOT_PLACED)),
        flagged=capped(flagged),
        terms_changed=capped(Order.objects.held_for(HoldReason.TERMS)),
    )


def counts_once(request: HttpRequest) -> OrderCounts:
    """`order_counts`, asked at most once while this request is answered."""
    if not hasattr(request, "_order_counts"):
        request._order_counts = order_counts()  # type: ignore[attr-defined]  # our own memo
    return request._order_counts  # type: ignore[attr-defined,no-any-return]  # our own memo


def matters(
    user: User, counts: OrderCounts, providers: list[Provider], now: datetime
) -> list[AttentionItem]:
    """Everything that waits, for somebody who may do what `user` may: the worst first, and what is
    as bad as listed here."""
    held = held_by_reason()
    found = [
        *_stopped(user),
        *_may_have_been_sent(user, held[HoldReason.RESTORED]),
        *_unread_answers(),
        *_background(now),
        *_orders(user, counts),
        *held_items(held),
        *_refills(),
        *_cases(user),
        *_catalogs(user),
        *_providers(user, providers, now),
    ]
    return sorted(found, key=attrgetter("rank"))


def _stopped(user: User) -> Iterator[AttentionItem]:
    """What the desk stopped by itself until somebody has looked."""
    resolves = user.may(May.RESOLVE)
    own = Halt.objects.standing().filter(kind__in=(HaltKind.RESTORED, HaltKind.EXPOSURE))
    for halt in own.select_related("provider").order_by("pk")[:MOST_STOPS]:
        if halt.kind == HaltKind.RESTORED:
            yield AttentionItem(
                "alert-triangle",
                "red",
                "Nothing is sent: this is not the database we left",
                "Orders that wait here may have been sent already. "
                "A manager has to look through them.",
                reverse("restored" if resolves else "orders"),
                _("Review") if resolves else _("Orders"),
            )
        elif halt.provider is not None:
            yield AttentionItem(
                "alert-triangle",
                "red",
                f"{halt.provider.name}: too many answers were lost",
                f"{halt.reason} It is sent nothing until a manager has looked.",
                reverse("sending-control"),
                _("Review"),
            )


def _may_have_been_sent(user: User, held: int) -> Iterator[AttentionItem]:
    """Looked for here alone: after a restore whose gap nobody can close."""
    if held:
        resolves = user.may(May.RESOLVE)
        yield AttentionItem(
            "alert-triangle",
            "red",
            f"{many(held)} may have been sent already",
            "The database was put back, and what was sent for a while is known to nobody. They are "
            "held until a person has looked them up.",
            reverse("restored" if resolves else "orders"),
            _("Review") if resolves else _("Orders"),
        )


def _unread_answers() -> Iterator[AttentionItem]:
    unread = UnreadAnswer.objects.order_by("name").first()
    if unread is not None:
        yield AttentionItem(
            "file-text",
            "red",
            "An answer on disk cannot be read",
            f"{unread.name} in the spool directory of {unread.host}. Its order is unconfirmed; "
            "resolve it, then take the file away.",
            reverse("unconfirmed"),
            _("Review"),
        )


def _background(now: datetime) -> Iterator[AttentionItem]:
    """Whatever stands still, with its reason; the banner tells only what nothing explains."""
    for late in what_stands_still(now)[:MOST_STOPS]:
        yield AttentionItem(
            "heartbeat",
            "red" if late.is_ours else "orange",
            late.title,
            f"For {late.minutes} min. {late.reason} Orders are safe and wait.",
            late.address,
            _("Review"),
        )


def _orders(user: User, counts: OrderCounts) -> Iterator[AttentionItem]:
    if counts.unconfirmed:
        yield AttentionItem(
            "help-circle",
            "orange",
            f"{many(counts.unconfirmed)} unconfirmed",
            _(
                "Nothing is sent again by itself. Where the desk may look for one, it does; "
                "any other waits for a person."
            ),
            reverse("unconfirmed"),
            _("Review"),
        )
    attention = f"{reverse('orders')}?group=attention"
    if counts.not_placed:
        yield AttentionItem(
            "arrow-back-up",
            "orange",
            f"{many(counts.not_placed)} not placed",
            "Proven, or confirmed by somebody, not to be at the provider. Send again or withdraw.",
            attention,
            _("Review"),
        )
    if counts.terms_changed:
        yield AttentionItem(
            "arrows-exchange",
            "orange",
            f"{many(counts.terms_changed)} under changed terms",
            _("The service changed. Nothing is sent before somebody agrees to the change."),
            *_where_terms(user),
        )
    if counts.flagged:
        yield AttentionItem(
            "flag",
            "yellow",
            f"{many(counts.flagged)} flagged",
            "Each goes on, but the provider said something odd.",
            attention,
            _("Review"),
        )


def _refills() -> Iterator[AttentionItem]:
    """Those of which nobody knows whether they were started; an index begins with the status."""
    if count := capped(Refill.objects.filter(status=RefillStatus.UNCONFIRMED)):
        title = "1 refill" if count == 1 else f"{grouped(min(count, COUNT_CAP))} refills"
        yield AttentionItem(
            "help-circle",
            "orange",
            f"{title} unconfirmed",
            _("No clear answer came. Nothing is sent again by itself."),
            f"{reverse('refills')}?status={RefillStatus.UNCONFIRMED}",
            _("Review"),
        )


def _where_terms(user: User) -> tuple[str, str]:
    if user.may(May.PLACE):
        return reverse("changed-terms"), _("Review")
    return f"{reverse('orders')}?group=open", _("Review")


def _cases(user: User) -> Iterator[AttentionItem]:
    """Asked only for those who may see what a balance does; an index holds the open ones."""
    if not user.may(May.SEE_BALANCES) or not (count := capped(Discrepancy.objects.open())):
        return
    title = "1 discrepancy" if count == 1 else f"{grouped(min(count, COUNT_CAP))} discrepancies"
    yield AttentionItem(
        "scale",
        "orange",
        f"{title} to look at",
        "A balance did what our charges and refunds do not explain.",
        reverse("discrepancies"),
        _("Review"),
    )


def _catalogs(user: User) -> Iterator[AttentionItem]:
    held = CatalogRun.objects.filter(state=RunState.HELD).select_related("provider")
    for run in held.defer("held_catalog", "unreadable_samples").order_by("started_at", "pk")[:10]:
        yield AttentionItem(
            "list-details",
            "orange",
            f"The catalog of {run.provider.name} was held back",
            run.held_because or "It differs too much from the last one to be believed.",
            reverse("catalog-run", args=[run.pk]),
            _("Review"),
        )


def _providers(user: User, providers: list[Provider], now: datetime) -> Iterator[AttentionItem]:
    for provider in providers:
        health = account_health(provider, now=now)
        address = reverse("provider", args=[provider.pk])
        if health.stops_orders:
            title = f"{provider.name}: {health.label.lower()}"
            waits = _("Its orders wait. They are sent by themselves once it answers again.")
            text = health.sentence if health.until is None else waits
            yield AttentionItem("plug-connected-x", health.color, title, text, address, _("Open"))
        if user.may(May.SEE_BALANCES) and provider.is_low:
            title = f"{provider.name}: low balance"
            text = _("The balance is below its limit. Top it up before orders have to wait.")
            yield AttentionItem("wallet", "orange", title, text, address, _("Open"))
