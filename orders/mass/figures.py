"""What a batch comes to: its lines by state, its costs by provider, its orders by status."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from core.forms import Words
from core.money import MoneySum
from providers.models import Provider

from ..limits.funds import Funds, funds_of
from ..models import BatchState, OrderBatch
from ..models.spend import due_by_currency
from ..status import NOT_SENT, OPEN, Status

NAMED = 5
TABS: dict[str, Callable[[Any], Any]] = {
    "fix": lambda lines: lines.filter(is_good=False, order=None, is_left_out=False),
    "good": lambda lines: lines.filter(is_good=True, order=None),
    "warned": lambda lines: lines.filter(is_good=True, order=None).exclude(warnings=[]),
    "out": lambda lines: lines.filter(is_left_out=True, order=None),
    "placed": lambda lines: lines.filter(order__isnull=False),
    "all": lambda lines: lines.all(),
}


LABELS = {
    "fix": _("Errors"),
    "good": _("Can be placed"),
    "warned": _("Warnings"),
    "out": _("Left out"),
    "placed": _("Placed"),
    "all": _("All"),
}


@dataclass(frozen=True, slots=True)
class Warned:
    """The lines that can be placed and have a warning, and what they cost, by currency."""

    lines: int
    costs: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class ProviderCost:
    """What the lines to be placed cost at one provider; `funds` None while its balance is not
    known."""

    provider: Provider
    lines: int
    cost: Decimal
    funds: Funds | None

    @property
    def left(self) -> Decimal | None:
        """Of the balance, when what is on its way and these lines are paid."""
        return None if self.funds is None else self.funds.left - self.cost

    @property
    def is_short(self) -> bool:
        return self.left is not None and self.left < 0


@dataclass(frozen=True, slots=True)
class Figures:
    """Costs are our highest estimates; `spent` is what the orders come to by currency, by their
    charges and, where there is none yet, by our estimates."""

    wrong: int
    good: int
    left_out: int
    placed: int
    total: int
    costs: list[ProviderCost]
    warned: Warned
    spent: dict[str, Decimal]
    statuses: list[tuple[Status, int]]
    is_placing: bool
    is_idle: bool
    lines_left: list[int]  # the first of those that are neither orders nor left out

    @property
    def tabs(self) -> list[tuple[str, Words, int]]:
        """The groups of lines, each with how many there are."""
        counts = {"warned": self.warned.lines, "fix": self.wrong, "good": self.good}
        counts |= {"out": self.left_out, "placed": self.placed, "all": self.total}
        return [(name, LABELS[name], counts[name]) for name in TABS]

    @property
    def sums(self) -> list[tuple[str, Decimal]]:
        """What the lines to be placed cost together at most, by currency."""
        found: dict[str, Decimal] = {}
        for at in self.costs:
            currency = at.provider.currency
            found[currency] = found.get(currency, Decimal(0)) + at.cost
        return sorted(found.items())

    @property
    def unsent(self) -> int:
        return sum(count for status, count in self.statuses if status in NOT_SENT)

    @property
    def not_placed(self) -> int:
        return self.wrong + self.good

    @property
    def to_place(self) -> int:
        """Of the lines that could be placed, how many there are with those that were."""
        return self.placed + self.good

    @property
    def is_moving(self) -> bool:
        """May change without anybody touching it, as `Order.is_open`."""
        return self.is_placing or any(status in OPEN for status, _ in self.statuses)

    @property
    def first_tab(self) -> str:
        """Where the next thing to do is."""
        if self.wrong and not self.is_placing:
            return "fix"
        return "good" if self.good and not self.is_placing else "placed" if self.placed else "all"


def figures_of(batch: OrderBatch) -> Figures:
    counted = batch.orders.order_by().values_list("status").annotate(count=Count("pk"))
    by_status = dict(counted)
    return Figures(
        wrong=batch.wrong,
        good=batch.good,
        left_out=batch.left_out,
        placed=batch.placed,
        total=batch.total,
        costs=_costs(batch),
        warned=_warned(batch),
        spent=due_by_currency(batch.orders.all()),
        statuses=[(status, by_status[status]) for status in Status if status in by_status],
        is_placing=batch.state == BatchState.PLACING,
        is_idle=batch.is_idle,
        lines_left=_lines_left(batch) if batch.is_partly else [],
    )


def _lines_left(batch: OrderBatch) -> list[int]:
    left = batch.lines.filter(order=None, is_left_out=False).order_by("number")
    return list(left.values_list("number", flat=True)[:NAMED])


def _warned(batch: OrderBatch) -> Warned:
    sums = TABS["warned"](batch.lines).order_by().values_list("service__provider__currency")
    found = list(sums.annotate(count=Count("pk"), cost=MoneySum("cost"))) if batch.good else []
    costs = {currency: cost or Decimal(0) for currency, _count, cost in sorted(found)}
    return Warned(sum(count for _currency, count, _cost in found), costs)


def _costs(batch: OrderBatch) -> list[ProviderCost]:
    """Of the lines still to be placed, by provider."""
    sums = (
        batch.lines.filter(is_good=True, order=None)
        .order_by()
        .values_list("service__provider")
        .annotate(count=Count("pk"), cost=MoneySum("cost"))
    )
    found = {pk: (count, cost or Decimal(0)) for pk, count, cost in sums}
    return [
        ProviderCost(provider, *found[provider.pk], funds=funds_of(provider))
        for provider in Provider.objects.filter(pk__in=found).order_by("name", "pk")
    ]
