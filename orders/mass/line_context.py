"""What pasted lines are compared with, read beforehand in a handful of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from core.models import User
from core.money import MoneySum
from core.regional.desk_days import desk_day
from providers.models import Service
from providers.panel_api.order_types.table import OrderPayload

from ..limits.check_limits import LimitRules, rules_for
from ..models import BatchLine, Order, OrderBatch, UnmatchedOrder, buys_again
from ..placing.left_sends import left_sends
from ..repeats import Lately
from ..status import BUYS_AGAIN, OPEN, Status
from .line_rules import LineRules

AT_ONCE = 5_000  # values in one look-up
Place = tuple[int, str]  # a service or a provider, and a link key
T = TypeVar("T")


class Running(NamedTuple):
    """An order that a line may repeat, or have to wait for where it is open. One that has ended
    was placed lately."""

    pk: int
    form_key: UUID
    service_id: int
    provider_id: int
    status: Status
    units: int | None
    created_at: datetime
    batch_id: int | None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    def is_repeated_by(self, service: Service, payload: OrderPayload | None) -> bool:
        if self.service_id != service.pk:
            return False
        if self.status in BUYS_AGAIN:
            return True
        return payload is not None and payload.units == self.units


@dataclass(slots=True)
class Surroundings:
    """`claimed` has the line that orders a service for a link, `lined_up` the line whose link
    comes first at a provider; both grow as lines are checked. `tolerance` is in percent where
    the lines are held to the terms they were shown with."""

    services: dict[str, list[Service]]
    running: dict[str, list[Running]]
    limits: LimitRules
    today: date
    claimed: dict[Place, int]
    unmatched: dict[tuple[int, str, str], list[UnmatchedOrder]] = field(default_factory=dict)
    lined_up: dict[Place, int] = field(default_factory=dict)
    rules: dict[int, LineRules] = field(default_factory=dict)
    tolerance: Decimal | None = None

    def rules_of(self, service: Service) -> LineRules:
        if service.pk not in self.rules:
            self.rules[service.pk] = LineRules(service, today=self.today)
        return self.rules[service.pk]


def surroundings_of(
    lines: Sequence[BatchLine],
    batch: OrderBatch,
    *,
    person: User | None,
    now: datetime,
    with_others: bool,
) -> Surroundings:
    """`with_others`: what the other good lines of the batch will cost counts as spent."""
    limits, claimed = rules_for(person, now=now), dict[Place, int]()
    keys = sorted({line.link_key for line in lines if line.link_key})
    if batch.pk is not None:
        others = _other_good_lines(batch, lines)
        claimed = _claims(others, keys)
        if with_others and limits.limits:
            _count(limits, others)
    ours = {line.form_key for line in lines}
    return Surroundings(
        services=_services(sorted({line.cells.get("service", "")[:64] for line in lines})),
        running=_running(keys, ours, Lately.by_anybody(now)),
        limits=limits,
        today=desk_day(now),
        claimed=claimed,
        unmatched=left_sends(ours=ours),
    )


def _services(wanted: list[str]) -> dict[str, list[Service]]:
    """By the provider's own number; several providers may use the same one."""
    found = defaultdict[str, list[Service]](list)
    for some in _parts(wanted):
        rows = Service.objects.filter(external_id__in=some).select_related("provider")
        for service in rows.order_by("pk"):
            found[service.external_id].append(service)
    return found


def _running(keys: list[str], ours: set[UUID], lately: Lately) -> dict[str, list[Running]]:
    """Orders that lines may repeat, by link, without those the lines themselves have become; last
    those that have ended."""
    found = defaultdict[str, list[Running]](list)
    for asked in (buys_again(), lately.orders):
        for some in _parts(keys):
            rows = Order.objects.filter(asked, link_key__in=some).order_by("pk")
            for key, *order in rows.values_list("link_key", *Running._fields):
                if (running := Running(*order)).form_key not in ours:
                    found[key].append(running)
    return found


def _other_good_lines(batch: OrderBatch, lines: Sequence[BatchLine]) -> QuerySet[BatchLine]:
    """Good lines, not placed yet, beside those being checked, which follow one on another."""
    numbers = [line.number for line in lines]
    others = batch.lines.filter(is_good=True, order=None)
    return others.exclude(number__gte=min(numbers), number__lte=max(numbers)) if numbers else others


def _claims(others: QuerySet[BatchLine], keys: list[str]) -> dict[Place, int]:
    claims = dict[Place, int]()
    for some in _parts(keys):
        plain = others.filter(link_key__in=some, is_meant=False, service__isnull=False)
        for service_id, key, number in plain.values_list("service_id", "link_key", "number"):
            if service_id is not None:
                claims[service_id, key] = number
    return claims


def _count(limits: LimitRules, others: QuerySet[BatchLine]) -> None:
    sums = others.order_by().values_list("service__provider__currency")
    for currency, cost in sums.annotate(costs=MoneySum("cost")):
        limits.spent[currency] += cost or Decimal(0)


def _parts(values: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
