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
from ..repeats import Lately, name_of, untold
from ..status import BUYS_AGAIN, OPEN, Status
from .line_rules import LineRules

AT_ONCE = 5_000  # values in one look-up
Place = tuple[int, str]  # a service or a provider, and a link key
RUNNING = (
    *("pk", "form_key", "service_id", "provider_id", "status", "units", "created_at", "batch_id"),
    *("provider__upstream", "service__external_id"),
)
OTHER = ("number", "service__provider", "link_key", "form_key", "is_meant", "told_of")
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
    upstream: str
    service_number: str

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    def is_repeated_by(self, service: Service, payload: OrderPayload | None) -> bool:
        if self.service_id != service.pk and not self._is_at_another_row(service):
            return False
        if self.status in BUYS_AGAIN:
            return True
        return payload is not None and payload.units == self.units

    def _is_at_another_row(self, service: Service) -> bool:
        """Of the same account upstream."""
        there = self.upstream, self.service_number
        return bool(self.upstream) and there == (service.provider.upstream, service.external_id)


class Claim(NamedTuple):
    """A good line that orders a service for a link, and what it was told of where it is meant."""

    number: int
    name: str
    told_of: str

    def is_told_of(self, name: str) -> bool:
        return not untold([name], self.told_of)


@dataclass(slots=True)
class Surroundings:
    """`claimed` has the line that orders a service for a link, `meant` those that are meant as one
    order more, `lined_up` the line whose link comes first at a provider; they grow as lines are
    checked. `tolerance` is in percent where the lines are held to the terms they were shown
    with."""

    services: dict[str, list[Service]]
    running: dict[str, list[Running]]
    limits: LimitRules
    today: date
    claimed: dict[Place, Claim] = field(default_factory=dict)
    meant: dict[Place, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    unmatched: dict[tuple[int, str, str], list[UnmatchedOrder]] = field(default_factory=dict)
    lined_up: dict[Place, int] = field(default_factory=dict)
    rules: dict[int, LineRules] = field(default_factory=dict)
    tolerance: Decimal | None = None

    def claim_on(self, line: BatchLine, service: Service) -> Claim | None:
        """The other line that this one may buy a second time with. Lines that are meant beside one
        another are no matter, nor one that is meant beside this very line."""
        place = service.pk, line.link_key
        if (claim := self.claimed.get(place)) or line.is_meant:
            return claim
        name = name_of(line.form_key)
        return next((one for one in self.meant.get(place, ()) if not one.is_told_of(name)), None)

    def claim(self, line: BatchLine) -> None:
        if line.service_id is None:
            return
        place, name = (line.service_id, line.link_key), name_of(line.form_key)
        claim = Claim(line.number, name, line.told_of)
        if line.is_meant:
            self.meant[place].append(claim)
        else:
            self.claimed[place] = claim

    def line_up(self, line: BatchLine) -> None:
        """A good line, after all that come before it."""
        if line.service is None:
            return
        self.lined_up.setdefault((line.service.provider_id, line.link_key), line.number)

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
    limits = rules_for(person, now=now)
    keys = sorted({line.link_key for line in lines if line.link_key})
    ours = {line.form_key for line in lines}
    around = Surroundings(
        services=_services(sorted({line.cells.get("service", "")[:64] for line in lines})),
        running=_running(keys, ours, Lately.by_anybody(now)),
        limits=limits,
        today=desk_day(now),
        unmatched=left_sends(keys, ours=ours),
    )
    if batch.pk is not None:
        others = _other_good_lines(batch, lines)
        for line in _with_links(others, keys):
            around.claim(line)
            if line.number < lines[0].number:
                around.line_up(line)
        if with_others and limits.limits:
            _count(limits, others)
    return around


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
            for key, *order in rows.values_list("link_key", *RUNNING):
                if (running := Running(*order)).form_key not in ours:
                    found[key].append(running)
    return found


def _other_good_lines(batch: OrderBatch, lines: Sequence[BatchLine]) -> QuerySet[BatchLine]:
    """Good lines, not placed yet, beside those being checked, which follow one on another."""
    numbers = [line.number for line in lines]
    others = batch.lines.filter(is_good=True, order=None)
    return others.exclude(number__gte=min(numbers), number__lte=max(numbers)) if numbers else others


def _with_links(others: QuerySet[BatchLine], keys: list[str]) -> Iterator[BatchLine]:
    for some in _parts(keys):
        found = others.filter(link_key__in=some).order_by("number")
        yield from found.select_related("service").only(*OTHER)


def _count(limits: LimitRules, others: QuerySet[BatchLine]) -> None:
    sums = others.order_by().values_list("service__provider__currency")
    for currency, cost in sums.annotate(costs=MoneySum("cost")):
        limits.spent[currency] += cost or Decimal(0)


def _parts(values: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
