"""The operator's guard: links that are never ordered, and how much each role may spend.

Asked twice: when an order is placed, in words for the form, and before it is sent, because the
rules may have changed or two orders may have been placed at the same moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from core.models import User
from core.money import MoneySum, plain
from core.roles import May
from providers.panel_api import CostRange
from providers.panel_api.wishes import WISHES, Kind, Wish

from ..drafts import OrderDraft
from ..links import pattern_readings, readings
from ..models import BlockedLink, EventKind, Order, OrderQuerySet, SpendLimit
from ..status import HoldReason, Status

GUARDED = (HoldReason.SPEND_LIMIT, HoldReason.BLOCKED_LINK)
COSTS_NOTHING = (Status.REJECTED, Status.WITHDRAWN, Status.NOT_PLACED)
ADDRESSES = {"username"} | {
    ask.wire for wish in WISHES.values() for ask in wish.asks().values() if ask.kind is Kind.LINK
}  # the parameters that say what an order is for


@dataclass(frozen=True, slots=True)
class Limits:
    """What one role may spend in one currency; None means no limit."""

    per_order: Decimal | None = None
    per_day: Decimal | None = None


@dataclass(slots=True)
class Guard:
    """The rules as they stand, and what this person has spent today, by currency.

    `count` adds what is being placed, so that one guard can watch over many orders.
    """

    role: str
    blocked: tuple[BlockedLink, ...]
    limits: dict[str, Limits]
    spent: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def count(self, wish: Wish, rate: Decimal | None, currency: str) -> None:
        self.spent[currency] += highest_cost(wish, rate)[0]

    def objection(self, wish: Wish, rate: Decimal | None, currency: str) -> str:
        """Why this may not be placed, in words; empty when it may."""
        found = self.blocking(address for _, address in addresses(wish.wire()))
        if found:
            return blocked_words(found)
        cost, is_bounded = highest_cost(wish, rate)
        return self._over(cost, is_bounded=is_bounded, currency=currency)

    def blocking(self, links: Iterable[str]) -> BlockedLink | None:
        """The first rule that one of these links runs into."""
        if not self.blocked:
            return None
        texts = {text for link in links for text in readings(link)}
        return next((b for b in self.blocked if any(matches(b.pattern, t) for t in texts)), None)

    def _over(self, cost: Decimal, *, is_bounded: bool, currency: str) -> str:
        limits = self.limits.get(currency)
        if limits is None:
            return ""
        one, day, role = limits.per_order, limits.per_day, _a(self.role)
        if one is not None and not is_bounded:
            return (
                f"Its cost has no upper bound, and {role} may spend at most {plain(one)} "
                f"{currency} on one order: limit the number of posts."
            )
        if one is not None and cost > one:
            return (
                f"It may cost {plain(cost)} {currency}: {role} may spend at most {plain(one)} "
                f"{currency} on one order."
            )
        if day is not None and self.spent[currency] + cost > day:
            return (
                f"With it {plain(self.spent[currency] + cost)} {currency} would be spent today: "
                f"{role} may spend at most {plain(day)} {currency} a day."
            )
        return ""


def guard_for(person: User | None, *, now: datetime) -> Guard:
    """The guard over what this person places today: three queries at most."""
    role = person.role.value if person and person.role else ""
    limits = {
        row.currency: Limits(row.per_order, row.per_day)
        for row in SpendLimit.objects.filter(role=role)
    }
    guard = Guard(role, tuple(BlockedLink.objects.order_by("pk")), limits)
    if person and any(limit.per_day is not None for limit in limits.values()):
        guard.spent.update(spent_by_currency(_orders_of_today(person, now)))
    return guard


def objection(draft: OrderDraft, *, person: User | None, now: datetime) -> str:
    """Why the guard does not let this person place this now; empty when it does."""
    service = draft.service
    return guard_for(person, now=now).objection(draft.wish, service.rate, service.provider.currency)


def why_hold(order: Order, now: datetime) -> HoldReason:
    """What the guard holds this order for just before it is sent; NONE lets it go.

    Of several orders that are too much together, the ones placed first go. What somebody with
    the right has released is not held again for the same reason.
    """
    reason = _reason(order, now)
    return HoldReason.NONE if reason and was_released(order, reason) else reason


def was_released(order: Order, reason: HoldReason) -> bool:
    """Somebody let it go although the guard held it for this."""
    moved = order.events.filter(kind=EventKind.MOVED, before=Status.HELD, after=Status.QUEUED)
    return moved.filter(evidence__released=reason.value).exists()


def may_release(order: Order, person: User) -> bool:
    """What the guard holds is let go only by those who may change its rules."""
    return order.hold_reason not in GUARDED or person.may(May.RUN_PROVIDERS)


def _reason(order: Order, now: datetime) -> HoldReason:
    rules = Guard("", tuple(BlockedLink.objects.order_by("pk")), {})
    if rules.blocking([order.link, *(address for _, address in addresses(order.wish))]):
        return HoldReason.BLOCKED_LINK
    person = order.placed_by
    limits = SpendLimit.objects.filter(
        role=person.role.value if person and person.role else "",
        currency=order.provider.currency,
    ).first()
    if person is None or limits is None:
        return HoldReason.NONE
    return HoldReason.SPEND_LIMIT if _is_over(order, limits, person, now) else HoldReason.NONE


def _is_over(order: Order, limits: SpendLimit, person: User, now: datetime) -> bool:
    cost = order.estimate_high if order.estimate_high is not None else order.estimate
    if limits.per_order is not None:
        has_no_bound = order.estimate is not None and order.estimate_high is None
        if has_no_bound or (cost is not None and cost > limits.per_order):
            return True
    if limits.per_day is None or cost is None:
        return False
    held_too = Q(status=Status.HELD, hold_reason=HoldReason.SPEND_LIMIT)
    before = _orders_of_today(person, now).filter(pk__lt=order.pk).exclude(held_too)
    spent = spent_by_currency(before).get(order.provider.currency, Decimal(0))
    too_much: bool = spent + cost > limits.per_day
    return too_much


def _orders_of_today(person: User, now: datetime) -> OrderQuerySet:
    """What this person placed today, as far as it may cost something. A drip-feed's runs are
    paid with their parent."""
    midnight = timezone.make_aware(datetime.combine(timezone.localdate(now), time.min))
    return Order.objects.filter(
        placed_by=person, parent=None, created_at__gte=midnight,
        created_at__lt=midnight + timedelta(days=1),
    ).exclude(status__in=COSTS_NOTHING)  # fmt: skip


def spent_by_currency(orders: OrderQuerySet) -> dict[str, Decimal]:
    """What each order has cost, or our highest estimate while it has no charge, added exactly."""
    sums = (
        orders.order_by()
        .values_list("provider__currency")
        .annotate(spent=MoneySum(Coalesce("charge", "estimate_high", "estimate")))
        .annotate(returned=MoneySum("refund"))
    )
    nothing = Decimal(0)
    return {currency: (spent or nothing) - (back or nothing) for currency, spent, back in sums}


def highest_cost(wish: Wish, rate: Decimal | None) -> tuple[Decimal, bool]:
    """The most it may cost and True; the least and False where there is no upper bound."""
    cost = wish.cost(rate) if rate is not None else None
    if isinstance(cost, CostRange):
        return (cost.low, False) if cost.high is None else (cost.high, True)
    return cost or Decimal(0), True


def addresses(wire: dict[str, str]) -> list[tuple[str, str]]:
    """The parameters that say what an order is for."""
    return [(name, text) for name, text in wire.items() if name in ADDRESSES]


def matches(pattern: str, text: str) -> bool:
    """Whether one of the link's `readings` contains the pattern; `*` stands for anything."""
    return any(_contains(text, form) for form in pattern_readings(pattern))


def _contains(text: str, pattern: str) -> bool:
    start = 0
    for part in pattern.split("*"):  # no regular expression: nothing a pattern can slow down
        found = text.find(part, start)
        if found < 0:
            return False
        start = found + len(part)
    return True


def blocked_words(rule: BlockedLink) -> str:
    because = f": {rule.reason}" if rule.reason else "."
    return f"This link is on the block list (“{rule.pattern}”){because}"


def _a(role: str) -> str:
    return f"an {role}" if role[:1] in "aeiou" else f"a {role}"
