"""Questions of the orders pages that span more than one order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.cache import cache

from core import clocks
from core.keyset import KeysetPage
from providers.identity import same_account

from .actions.restoring import MAY_BE_TAKEN
from .actions.settling import CHARGE_TOLERANCE
from .models import Attempt, Order, OrderQuerySet, StrangeOrder
from .status import GROUPS, Outcome, Status

COUNT_CAP = 10_000
LIKELY_SHOWN = 5
LOOKED_THROUGH = 500  # waiting orders of an account, the oldest


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of the list. `count` is exact up to COUNT_CAP, None where it was not counted."""

    group: str
    label: str
    count: int | None

    @property
    def shown(self) -> str:
        if self.count is None:
            return ""
        return f"{COUNT_CAP:,}+" if self.count > COUNT_CAP else f"{self.count:,}"


def in_tab(orders: OrderQuerySet, group: str, *, count: int | None = None) -> OrderQuerySet:
    """The orders of a tab; Attention also holds those that go on but carry a flag.

    `count` as the tabs show it decides the way there: the few of a small group are found by
    their status and sorted; a large group is walked by id. SQLite would sort it whole.
    """
    if group == "attention":
        return orders.filter(pk__in=_group(group).values("pk"))
    is_small = count is not None and count <= COUNT_CAP
    if group not in GROUPS or is_small:
        return orders.in_group(group)
    return orders.exclude(status__in=sorted(frozenset(Status) - GROUPS[group]))


def tabs(*, counted: bool) -> list[Tab]:
    """The tabs in order. Counting stops at the cap, so a million orders cost what 10,000 do."""
    groups = {"": "All"} | {name: name.capitalize() for name in GROUPS}
    return [
        Tab(group, label, _capped(_group(group)) if counted else None)
        for group, label in groups.items()
    ]


def matching(orders: OrderQuerySet, page: KeysetPage[Order], asked: str) -> str:
    """How many a narrowed list holds, as it is shown. One page needs no count; what a live list
    asks for again and again is remembered under `asked` for a moment."""
    if page.is_first and page.is_last:
        count = len(page.rows)
    else:
        key = f"orders-matching-{hashlib.sha256(asked.encode()).hexdigest()}"
        count = cache.get(key)
        if count is None:
            cache.set(key, count := _capped(orders), clocks.MATCHING_SECONDS)
    return f"{COUNT_CAP:,}+" if count > COUNT_CAP else f"{count:,}"


def _group(group: str) -> OrderQuerySet:
    if group == "attention":
        return Order.objects.needing_a_person()
    return Order.objects.in_group(group)


def _capped(orders: OrderQuerySet) -> int:
    return orders.order_by()[: COUNT_CAP + 1].count()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The orders of the same account that were accepted last before and first after a send."""

    before: Attempt | None
    after: Attempt | None


def neighbours(attempt: Attempt) -> Neighbours:
    """Between these two ids the provider would have numbered an order of this attempt.

    One account sends one order after the other, so their rows tell the order of sends.
    """
    rows = same_account(attempt.provider)
    accepted = Attempt.objects.filter(provider__in=rows, outcome=Outcome.ACCEPTED)
    return Neighbours(
        before=accepted.filter(pk__lt=attempt.pk).order_by("-pk").first(),
        after=accepted.filter(pk__gt=attempt.pk).order_by("pk").first(),
    )


def doubted_attempts(orders: Iterable[Order]) -> dict[int, Attempt]:
    """The attempt that leaves each of these orders in doubt, by the order's number; the newest
    where none does. A doubt that was reopened is about an earlier try."""
    tries = Attempt.objects.filter(order__in=[order.pk for order in orders])
    rows = sorted(
        tries.select_related("confirmed_by", "provider"),
        key=lambda attempt: (attempt.outcome == Outcome.UNKNOWN, attempt.number),
    )
    return {attempt.order_id: attempt for attempt in rows}


def likely_orders(strange: Iterable[StrangeOrder]) -> dict[int, list[Order]]:
    """Which waiting orders of its account each of these could be, by its number: those with its
    link, then those with its cost."""
    strange = list(strange)
    accounts = {one.account for one in strange}
    waiting = Order.objects.filter(provider__in=accounts, status__in=sorted(MAY_BE_TAKEN))
    rows = list(waiting.select_related("service").order_by("pk")[: LOOKED_THROUGH * len(accounts)])
    found = dict[int, list[Order]]()
    for one in strange:
        same = [row for row in rows if row.provider_id == one.account]
        linked = [row for row in same if one.link and row.link == one.link]
        priced = [row for row in same if row not in linked and _costs(row, one)]
        found[one.pk] = [*linked, *([] if one.link and linked else priced)][:LIKELY_SHOWN]
    return found


def _costs(order: Order, one: StrangeOrder) -> bool:
    low, high = order.estimate, order.estimate_high or order.estimate
    if one.charge is None or low is None or high is None:
        return False
    return bool(low * (1 - CHARGE_TOLERANCE) <= one.charge <= high * (1 + CHARGE_TOLERANCE))
