"""The tabs of the orders list: which orders stand in each, and how many."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.core.cache import cache

from core import clocks
from core.regional.numbers import grouped
from core.rows.keyset import KeysetPage

from ..models import Order, OrderQuerySet
from ..status import GROUPS, NEEDS_A_PERSON, HoldReason, Status

COUNT_CAP = 10_000


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of the list. `count` is exact up to COUNT_CAP, None where it was not counted."""

    group: str
    label: str
    count: int | None

    @property
    def shown(self) -> str:
        return "" if self.count is None else count_in_words(self.count)


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
        Tab(group, label, capped_count(_apart(group)) if counted else None)
        for group, label in groups.items()
    ]


def matching(orders: OrderQuerySet, page: KeysetPage[Order], asked: str) -> str:
    """How many a narrowed list holds, as it is shown. One page needs no count."""
    if page.is_first and page.is_last:
        return count_in_words(len(page.rows))
    return count_in_words(counted(orders, asked))


def counted(orders: OrderQuerySet, asked: str) -> int:
    """How many a list holds, as `capped_count`; what a live list asks for again and again is
    remembered under `asked` for a moment."""
    key = f"orders-matching-{hashlib.sha256(asked.encode()).hexdigest()}"
    count: int | None = cache.get(key)
    if count is None:
        cache.set(key, count := capped_count(orders), clocks.MATCHING_SECONDS)
    return count


def count_in_words(count: int) -> str:
    """As `capped_count` gives it."""
    return f"{grouped(COUNT_CAP)}+" if count > COUNT_CAP else grouped(count)


def _group(group: str) -> OrderQuerySet:
    if group == "attention":
        return Order.objects.needing_a_person()
    return Order.objects.in_group(group)


def _apart(group: str) -> OrderQuerySet:
    """The same to be counted: of Attention each kind by its own index, and an order of two kinds
    once. For all in one SQLite would read every order, once it knows how they are spread."""
    if group != "attention":
        return _group(group)
    flagged = Order.objects.filter(flag__gt="").exclude(status__in=NEEDS_A_PERSON)
    waiting = Order.objects.held_for(HoldReason.TERMS).exclude(flag__gt="")
    at_rest = Order.objects.filter(status__in=NEEDS_A_PERSON)
    return at_rest.only("pk").union(flagged.only("pk"), waiting.only("pk"), all=True)


def capped_count(orders: OrderQuerySet) -> int:
    """Exact up to COUNT_CAP, and one more than that for whatever is more."""
    return orders.order_by()[: COUNT_CAP + 1].count()
