"""For how many days a balance lasts, by how it fell on the days before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from django.db.models import F, OuterRef, Q, Subquery

from core.regional.desk_days import day_start, desk_day

from .models import BalanceReading, Provider

DAYS: Final = 7  # whole days of the desk that are looked at
PARTS: Final = 6  # of each: a rise within one of them is money that came in
FEWEST: Final = 3  # days that say something; fewer say nothing
FEW: Final = 3  # days left that are told as a warning
FRESH: Final = timedelta(days=1)  # a balance that is older says nothing of now


@dataclass(frozen=True, slots=True)
class DaysLeft:
    """`a_day` is the mean fall of a day on which it fell and nothing came in."""

    days: int
    a_day: Decimal

    @property
    def is_few(self) -> bool:
        return self.days < FEW


def days_left(accounts: Sequence[Provider], *, now: datetime) -> dict[int, DaysLeft]:
    """By the account; without those of which it cannot be said. One query."""
    told = {account.pk: account for account in accounts if _is_told(account, now)}
    if not told:
        return {}
    days = _days(now)
    moments = [days[0][0], *(moment for day in days for moment in day[1:])]
    readings = {f"at_{number}": _reading(*pair) for number, pair in enumerate(_spans(moments))}
    rows = Provider.objects.filter(pk__in=told).annotate(**readings)
    found = {}
    for pk, *amounts in rows.values_list("pk", *readings):
        known = told[pk]
        falls = list(_falls(amounts))
        if len(falls) >= FEWEST and known.balance is not None:
            a_day = sum(falls, Decimal(0)) / len(falls)
            found[pk] = DaysLeft(days=int(known.balance / a_day), a_day=a_day)
    return found


def _is_told(account: Provider, now: datetime) -> bool:
    """Its balance is known, of now, more than nothing, and in the currency of its prices."""
    if account.balance is None or account.balance_at is None or account.currency_differs:
        return False
    if account.moved_at is not None:  # what was read before was read somewhere else
        return False
    return account.balance > 0 and now - account.balance_at < FRESH


def _days(now: datetime) -> list[list[datetime]]:
    """The last whole days of the desk, oldest first, each by where its parts begin and end."""
    today = desk_day(now)
    days = []
    for ago in range(DAYS, 0, -1):
        start, end = (day_start(today - timedelta(days=before)) for before in (ago, ago - 1))
        days.append([start + (end - start) * part / PARTS for part in range(PARTS + 1)])
    return days


def _spans(moments: list[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Each moment with one so long before it that a reading between them is as of it."""
    for moment in moments:
        yield moment - timedelta(days=1) / PARTS, moment


def _reading(after: datetime, before: datetime) -> Subquery:
    """The newest of that time, in the currency of the balance of now, and of the same account
    there: a step from one to another is no fall."""
    is_here = Q(provider__here_since=None) | Q(read_at__gte=F("provider__here_since"))
    readings = BalanceReading.objects.filter(
        is_here,
        provider=OuterRef("pk"),
        currency=OuterRef("balance_currency"),
        read_at__gte=after,
        read_at__lt=before,
    )
    return Subquery(readings.order_by("-read_at", "-pk").values("amount")[:1])


def _falls(amounts: list[Any]) -> Iterator[Decimal]:
    """By how much it fell on each day of which all is known, on which it fell and never rose."""
    for number in range(DAYS):
        known = amounts[number * PARTS : (number + 1) * PARTS + 1]
        if None in known:
            continue
        if all(later <= earlier for earlier, later in pairwise(known)) and known[-1] < known[0]:
            yield known[0] - known[-1]
