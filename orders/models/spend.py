"""What orders of one person leave on one day: a sum that is kept, and what is not yet in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce

from core.money import MoneyField, MoneySum
from core.regional.desk_days import desk_day
from providers.panel_api.order_types.table import SUBSCRIPTIONS

from ..status import AT_PROVIDER, COSTS_NOTHING

# A drip-feed or subscription that goes on: its charge, where one is told, is that of its parts.
RUNS_ON = models.Q(status__in=sorted(AT_PROVIDER)) & (
    models.Q(payload__has_key="runs") | models.Q(type__in=SUBSCRIPTIONS)
)


class SpendDay(models.Model):
    """The sum of one person, day and currency. Whoever places or lets go an order against a limit
    takes this row first, so that two never count the same money as free."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    currency = models.CharField(max_length=8)
    day = models.DateField()
    turns = models.PositiveIntegerField(default=0)
    total = MoneyField(default=Decimal(0))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "currency", "day"], name="one_row_per_person_and_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} · {self.currency} · {self.day}"


class SpendChange(models.Model):
    """By how much one order changed the sum of a day. Whoever changes an order only adds such a
    row and waits for nobody: who holds the day's row next adds it to the sum and takes it away."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    currency = models.CharField(max_length=8)
    day = models.DateField()
    amount = MoneyField()

    class Meta:
        indexes = [models.Index(fields=["person", "day"], name="spend_change_of_day")]

    def __str__(self) -> str:
        return f"{self.person_id} · {self.currency} · {self.day} · {self.amount}"


class HasEstimate(Protocol):
    @property
    def estimate(self) -> Decimal | None: ...
    @property
    def estimate_high(self) -> Decimal | None: ...


def most_known(order: HasEstimate) -> Decimal | None:
    """The highest cost that can be told. Without a highest one it has no bound
    (`Order.has_no_bound`), and the lowest stands for it: it may be any amount from there on."""
    return order.estimate if order.estimate_high is None else order.estimate_high


class Countable(NamedTuple):
    """The columns of an order that say what it counts for, and where."""

    pk: int
    placed_by: int
    currency: str
    spend_day: date
    status: str
    charge: Decimal | None
    refund: Decimal | None
    estimate_high: Decimal | None
    estimate: Decimal | None
    spend_counted: Decimal | None
    runs_on: bool

    @property
    def due(self) -> Decimal:
        """What it has cost, or our highest estimate while it has no charge; of one that goes on the
        higher of the two, for its charge is that of the runs so far."""
        if self.status in COSTS_NOTHING:
            return Decimal(0)
        wanted = most_known(self)
        known = [cost for cost in (self.charge, wanted) if cost is not None] or [Decimal(0)]
        return (max(known) if self.runs_on else known[0]) - (self.refund or Decimal(0))

    @property
    def counted(self) -> Decimal:
        return self.spend_counted or Decimal(0)

    def change(self, day: date, amount: Decimal) -> Iterator[SpendChange]:
        if amount:
            yield SpendChange(
                person_id=self.placed_by, currency=self.currency, day=day, amount=amount
            )


def due_by_currency(orders: models.QuerySet[models.Model]) -> dict[str, Decimal]:
    """`Countable.due` of them all, added exactly by the database."""
    wanted = Coalesce("estimate_high", "estimate")  # `most_known`
    whole = models.When(RUNS_ON & models.Q(charge__lt=wanted), then=wanted)
    cost = models.Case(whole, default=Coalesce("charge", wanted))
    sums = (
        orders.exclude(status__in=sorted(COSTS_NOTHING))
        .order_by()
        .values_list("provider__currency")
        .annotate(spent=MoneySum(cost))
        .annotate(returned=MoneySum("refund"))
    )
    nothing = Decimal(0)
    return {currency: (spent or nothing) - (back or nothing) for currency, spent, back in sums}


_COLUMNS = tuple({"currency": "provider__currency"}.get(name, name) for name in Countable._fields)


def first_day_kept(now: datetime) -> date:
    """No order leaves on an earlier day any more, whatever the zone of the desk."""
    return desk_day(now) - timedelta(days=1)


def countable(orders: models.QuerySet[models.Model], now: datetime) -> Iterator[Countable]:
    """Those of a person on a day that is not over. A drip-feed's runs are paid with their
    parent."""
    mine = orders.filter(parent=None, placed_by__isnull=False, spend_day__gte=first_day_kept(now))
    mine = mine.annotate(runs_on=models.ExpressionWrapper(RUNS_ON, models.BooleanField()))
    yield from map(Countable._make, mine.order_by("pk").values_list(*_COLUMNS))


def count_at_first(order: Any, currency: str, *, now: datetime) -> list[SpendChange]:
    """Have an order that is about to be written say what it counts for; the changes of the sums
    are to be written after it, in its transaction."""
    if order.placed_by_id is None or order.spend_day < first_day_kept(now):
        return []
    row = Countable(
        pk=0,
        placed_by=order.placed_by_id,
        currency=currency,
        spend_day=order.spend_day,
        status=order.status,
        charge=None,
        refund=None,
        estimate_high=order.estimate_high,
        estimate=order.estimate,
        spend_counted=None,
        runs_on=False,
    )
    order.spend_counted = row.due or None
    return list(row.change(row.spend_day, row.due))


def recount(
    orders: models.QuerySet[models.Model], *, now: datetime, left: date | None = None
) -> None:
    """Have the sums follow what was just written of these orders: in the same transaction, which
    holds their rows. `left` is the day they counted on before it."""
    changes = list[SpendChange]()
    for row in countable(orders, now):
        counted = row.counted
        if left is not None and left != row.spend_day:
            changes += row.change(left, -counted)
            counted = Decimal(0)
        changes += row.change(row.spend_day, row.due - counted)
        if row.due != row.counted:
            orders.model._default_manager.filter(pk=row.pk).update(spend_counted=row.due)
    SpendChange.objects.bulk_create(changes)
