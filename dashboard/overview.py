"""The figures of the overview. Each is one read of an index range, remembered for a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.core.cache import cache
from django.db.models import Count, F, Q

from core import clocks
from core.money import MoneySum
from core.regional.desk_days import day_start, desk_day
from core.regional.numbers import grouped
from orders.lists.tabs import COUNT_CAP
from orders.models import Order
from orders.status import MAY_HAVE_COST, Status
from providers.models import Provider

from .local_days import local_day

Found = TypeVar("Found")

SPANS = (7, 30, 90)
SPAN = 30
RECENT = min(SPANS)

_OURS = Q(parent=None)  # what a provider started for an order of ours was not placed by us
# It costs what its parent says it costs; where the parent is silent, what it says itself.
_PAID = Q(status__in=sorted(MAY_HAVE_COST)) & (_OURS | Q(parent__charge=None))
_UNTOLD = Q(charge=None, parts_done=None)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the cards say. `open` is exact up to COUNT_CAP. `spend` is by currency: what
    providers charged for the orders of today, and our estimate where they have not said."""

    open: int
    completed: int
    placed: int
    spend: dict[str, Decimal]

    @property
    def open_shown(self) -> str:
        return f"{grouped(COUNT_CAP)}+" if self.open > COUNT_CAP else grouped(self.open)


@dataclass(frozen=True, slots=True)
class Days:
    """The chart: days oldest first, orders placed, and what they cost, by currency."""

    days: list[date]
    orders: list[int]
    spend: dict[str, list[Decimal]]

    def spend_in(self, currency: str) -> list[Decimal]:
        """An amount for each day."""
        return self.spend.get(currency, [Decimal(0)] * len(self.days))

    def as_json(self) -> dict[str, Any]:
        """For the chart; the amounts become the browser's numbers, good enough to draw."""
        return {
            "days": [day.strftime("%b %d") for day in self.days],
            "orders": self.orders,
            "spend": [
                {"currency": currency or "?", "amounts": [float(amount) for amount in amounts]}
                for currency, amounts in self.spend.items()
            ],
        }


def figures(now: datetime) -> Figures:
    """Those of today, the day of `now`, at most FIGURES_SECONDS old."""
    key = f"overview-figures-{desk_day(now)}"
    return _remembered(key, clocks.FIGURES_SECONDS, lambda: _figures(now))


def _figures(now: datetime) -> Figures:
    midnight = start_of_day(now, 0)
    # In the aggregate, not in the filter: SQLite would walk all completed orders ever.
    ended = Order.objects.filter(ended_at__gte=midnight).aggregate(
        completed=Count("pk", filter=_OURS & Q(status=Status.COMPLETED))
    )
    by_provider = _by_provider(Order.objects.filter(created_at__gte=midnight))
    spend: dict[str, Decimal] = defaultdict(Decimal)
    placed = 0
    for currency, row in by_provider:
        placed += row["count"]
        spend[currency] += _cost(row)
    return Figures(
        open=_capped(Order.objects.open()),
        completed=ended["completed"],
        placed=placed,
        spend={currency: amount for currency, amount in spend.items() if amount},
    )


def daily(span: int, now: datetime) -> Days:
    """Orders and spend of the last `span` days; today is as fresh as the cards. What is more than
    a week old hardly changes any more and is remembered for longer."""
    today = desk_day(now)
    found = _remembered(
        f"overview-days-{today}", clocks.CHART_SECONDS, lambda: _daily(now, RECENT - 1, 0)
    )
    if span > RECENT:
        older = _remembered(
            f"overview-days-{span}-{today}",
            clocks.OLDER_DAYS_SECONDS,
            lambda: _daily(now, span - 1, RECENT),
        )
        found = _one_after_the_other(older, found)
    return _with_today(found, figures(now))


def _one_after_the_other(older: Days, newer: Days) -> Days:
    spend = {
        currency: [amount for part in (older, newer) for amount in part.spend_in(currency)]
        for currency in older.spend | newer.spend
    }
    return Days([*older.days, *newer.days], [*older.orders, *newer.orders], spend)


def _with_today(days: Days, today: Figures) -> Days:
    spend = {
        currency: [*days.spend_in(currency)[:-1], today.spend.get(currency, Decimal(0))]
        for currency in days.spend | today.spend
    }
    return Days(days.days, [*days.orders[:-1], today.placed], spend)


def _daily(now: datetime, first: int, last: int) -> Days:
    """The days from `first` to `last` days ago, both included."""
    since, until = start_of_day(now, first), start_of_day(now, last - 1)
    oldest = desk_day(since)
    days = [oldest + timedelta(days=number) for number in range(first - last + 1)]
    place = {day: number for number, day in enumerate(days)}
    orders = [0] * len(days)
    spend: dict[str, list[Decimal]] = {}
    placed = Order.objects.filter(created_at__gte=since, created_at__lt=until)
    for currency, row in _by_provider(
        placed.annotate(day=local_day("created_at", since, until)), "day"
    ):
        number = place[row["day"]]
        orders[number] += row["count"]
        amounts = spend.setdefault(currency, [Decimal(0)] * len(days))
        amounts[number] += _cost(row)
    return Days(days, orders, {c: amounts for c, amounts in spend.items() if any(amounts)})


def _by_provider(orders: Any, *more: str) -> list[tuple[str, dict[str, Any]]]:
    """Count and cost by account, with the account's currency; provider rows are few."""
    currencies = dict(Provider.objects.values_list("pk", "currency"))
    rows = (
        orders.order_by()
        .annotate(account=F("provider_id") + 0)  # bare, SQLite would walk that index, all of it
        .values("account", *more)
        .annotate(count=Count("pk", filter=_OURS), charged=MoneySum("charge", filter=_PAID))
        .annotate(returned=MoneySum("refund", filter=_PAID))
        .annotate(guessed=MoneySum("estimate", filter=_PAID & _UNTOLD))
    )
    return [(currencies.get(row["account"], ""), row) for row in rows]


def _cost(row: dict[str, Any]) -> Decimal:
    """Charges less what came back apart from them, and estimates where there is no charge yet."""
    charged = (row["charged"] or Decimal(0)) - (row["returned"] or Decimal(0))
    return charged + (row["guessed"] or Decimal(0))


def start_of_day(now: datetime, days_ago: int) -> datetime:
    """Midnight in the desk's time zone."""
    return day_start(desk_day(now) - timedelta(days=days_ago))


def _capped(orders: Any) -> int:
    return int(orders.order_by()[: COUNT_CAP + 1].count())


def _remembered(key: str, seconds: int, ask: Callable[[], Found]) -> Found:
    found: Found | None = cache.get(key)
    if found is None:
        found = ask()
        cache.set(key, found, seconds)
    return found
