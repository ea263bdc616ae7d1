"""What may be ordered: links that never are, and how much each role may spend.

Asked twice: when an order is placed, in words for the form, and before it is sent, because the
rules may have changed or two orders may have been placed at the same moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.models import User
from core.money import plain
from core.regional.desk_days import desk_day
from core.roles import May
from providers.models import Service
from providers.panel_api import CostRange
from providers.panel_api.order_types.table import PAYLOADS, Kind, OrderPayload

from ..draft import OrderDraft
from ..links import pattern_readings, readings
from ..models import BlockedLink, EventKind, Order, SpendLimit
from ..models.spend import due_by_currency
from ..status import HoldReason, Status
from . import agree_terms, doubtful_rows, spending

RELEASED_BY = {
    HoldReason.SPEND_LIMIT: May.RUN_PROVIDERS,
    HoldReason.BLOCKED_LINK: May.RUN_PROVIDERS,
    HoldReason.RESTORED: May.RESOLVE,
}
ADDRESSES = {"username"} | {
    ask.wire
    for payload in PAYLOADS.values()
    for ask in payload.asks().values()
    if ask.kind is Kind.LINK
}  # the parameters that say what an order is for


@dataclass(frozen=True, slots=True)
class RoleLimits:
    """What one role may spend in one currency; None means no limit."""

    per_order: Decimal | None = None
    per_day: Decimal | None = None


@dataclass(slots=True)
class LimitRules:
    """The rules as they stand, and what this person has spent today, by currency.

    `count` adds what is being placed, so that the same rules can look over many orders.
    """

    role: str
    blocked: tuple[BlockedLink, ...]
    limits: dict[str, RoleLimits]
    spent: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    day: str = "today"

    def count(self, payload: OrderPayload, rate: Decimal | None, currency: str) -> None:
        self.spent[currency] += highest_cost(payload, rate)[0]

    def objection(self, payload: OrderPayload, rate: Decimal | None, currency: str) -> str:
        """Why this may not be placed, in words; empty when it may."""
        found = self.blocking(address for _, address in addresses(payload.wire()))
        if found:
            return blocked_words(found)
        cost, is_bounded = highest_cost(payload, rate)
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
        if day is not None and not is_bounded:
            return (
                f"Its cost has no upper bound, and {role} may spend at most {plain(day)} "
                f"{currency} a day: limit the number of posts."
            )
        if one is not None and cost > one:
            return (
                f"It may cost {plain(cost)} {currency}: {role} may spend at most {plain(one)} "
                f"{currency} on one order."
            )
        if day is not None and self.spent[currency] + cost > day:
            total = plain(self.spent[currency] + cost)
            return (
                f"With it {total} {currency} would be spent {self.day}: "
                f"{role} may spend at most {plain(day)} {currency} a day."
            )
        return ""


def rules_for(
    person: User | None,
    *,
    now: datetime,
    leaves_at: datetime | None = None,
    spent: Mapping[str, Decimal] | None = None,
) -> LimitRules:
    """The rules for what this person places now, to leave at once or then: three queries.
    `spent` is what they spend on that day, for whoever knows."""
    role = person.role.value if person and person.role else ""
    limits = {
        row.currency: RoleLimits(row.per_order, row.per_day)
        for row in SpendLimit.objects.filter(role=role)
    }
    rules = LimitRules(role, tuple(BlockedLink.objects.order_by("pk")), limits)
    day = desk_day(leaves_at or now)
    if leaves_at is not None and day != desk_day(now):
        rules.day = f"on {day:%-d %B}"
    if person and any(limit.per_day is not None for limit in limits.values()):
        if spent is None:
            spent = due_by_currency(spending.orders_of(person, day))
        rules.spent.update(spent)
    return rules


def objection(
    draft: OrderDraft,
    *,
    person: User | None,
    now: datetime,
    leaves_at: datetime | None = None,
    spent: Mapping[str, Decimal] | None = None,
) -> str:
    """Why this person may not place this now; empty when they may."""
    rates = [rate for rate in (draft.terms.rate, draft.service.rate) if rate is not None]
    rules = rules_for(person, now=now, leaves_at=leaves_at, spent=spent)
    currency = draft.service.provider.currency
    return rules.objection(draft.payload, max(rates, default=None), currency)


def reserve(
    draft: OrderDraft, *, person: User | None, now: datetime, leaves_at: datetime | None
) -> str:
    """`objection` for the transaction that writes the order: what it says still holds when that
    ends, for until then nobody else adds to what the person spends on that day."""
    currency = draft.service.provider.currency
    limits = spending.limit_of(person, currency)
    if person is None or limits is None or limits.per_day is None:
        return ""
    spent = spending.take_turn(person, currency, desk_day(leaves_at or now))
    if not objection(draft, person=person, now=now, leaves_at=leaves_at, spent={currency: spent}):
        return ""
    return objection(draft, person=person, now=now, leaves_at=leaves_at)


def why_hold(order: Order, service: Service, now: datetime) -> HoldReason:
    """What this order is held for instead of being sent; NONE lets it go.

    Asked in the transaction of the claim, which reads the service once: the order leaves at the
    price that is checked here. What somebody with the right has released is not held again for the
    same reason.
    """
    if doubtful_rows.may_have_been_sent(order):
        return HoldReason.RESTORED
    for reason in _reasons(order, service, now):
        if not was_released(order, reason):
            return reason
    return agree_terms.why_hold(order, service)


def was_released(order: Order, reason: HoldReason) -> bool:
    """Somebody let it go although a limit held it for this: at the price that it had then. Who
    agrees to other terms later need not be one who may overrule a limit."""
    moved = order.events.filter(kind=EventKind.MOVED, before=Status.HELD, after=Status.QUEUED)
    released = moved.filter(evidence__released=reason.value).order_by("-pk").first()
    if released is None or reason is not HoldReason.SPEND_LIMIT:
        return released is not None
    return not moved.filter(evidence__has_key="agreed", pk__gt=released.pk).exists()


def may_release(order: Order, person: User) -> bool:
    """What a limit holds is let go only by those who may change its rules, and what may have
    been sent by those who resolve what is in doubt."""
    needed = RELEASED_BY.get(HoldReason(order.hold_reason))
    return needed is None or person.may(needed)


def _reasons(order: Order, service: Service, now: datetime) -> Iterator[HoldReason]:
    if _rule_against([order.link, *(address for _, address in addresses(order.payload))]):
        yield HoldReason.BLOCKED_LINK
    if spending.is_over(order, service, now):
        yield HoldReason.SPEND_LIMIT


def words_of_blocked(wire: dict[str, str]) -> str:
    """What a form says of a link that may never be ordered, before it is sent; or empty."""
    found = _rule_against(address for _, address in addresses(wire))
    return blocked_words(found) if found else ""


def _rule_against(links: Iterable[str]) -> BlockedLink | None:
    return LimitRules("", tuple(BlockedLink.objects.order_by("pk")), {}).blocking(links)


def highest_cost(payload: OrderPayload, rate: Decimal | None) -> tuple[Decimal, bool]:
    """The most it may cost and True; the least and False where there is no upper bound."""
    cost = payload.cost(rate) if rate is not None else None
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
