"""Questions of the orders pages that span more than one order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .models import Attempt, Order, OrderQuerySet
from .status import GROUPS, Outcome

COUNT_CAP = 10_000


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


def in_tab(orders: OrderQuerySet, group: str) -> OrderQuerySet:
    """The orders of a tab; Attention also holds those that go on but carry a flag."""
    return orders.needing_a_person() if group == "attention" else orders.in_group(group)


def tabs(*, counted: bool) -> list[Tab]:
    """The tabs in order. Counting stops at the cap, so a million orders cost what 10,000 do."""
    groups = {"": "All"} | {name: name.capitalize() for name in GROUPS}
    return [
        Tab(group, label, _capped(in_tab(Order.objects.all(), group)) if counted else None)
        for group, label in groups.items()
    ]


def _capped(orders: OrderQuerySet) -> int:
    return orders.order_by()[: COUNT_CAP + 1].count()


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The orders of the same account that were accepted last before and first after a send."""

    before: Attempt | None
    after: Attempt | None


def neighbours(attempt: Attempt) -> Neighbours:
    """Between these two ids the provider would have numbered an order of this attempt.

    Attempts are written down as they are claimed, so their own numbers tell the order of sends.
    """
    accepted = Attempt.objects.filter(provider=attempt.provider_id, outcome=Outcome.ACCEPTED)
    return Neighbours(
        before=accepted.filter(pk__lt=attempt.pk).order_by("-pk").first(),
        after=accepted.filter(pk__gt=attempt.pk).order_by("pk").first(),
    )


def last_attempts(orders: Iterable[Order]) -> dict[int, Attempt]:
    """The newest attempt of each of these orders, by the order's number."""
    tries = Attempt.objects.filter(order__in=[order.pk for order in orders])
    return {attempt.order_id: attempt for attempt in tries.order_by("number")}
