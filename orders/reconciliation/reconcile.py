"""An account's days: what its balance did, what explains it, and what nothing explains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q

from core import clocks
from core.models import User
from core.money import plain
from core.regional.desk_days import day_end, desk_day
from core.rows.loops import one_by_one
from core.shown_fields import ChangedMeanwhile, word_of
from providers.models import BalanceReading, Provider

from ..models import ChargeEntry, Statement, StatementState, TopUp
from . import discrepancies
from .balance_intervals import (
    LAG,
    ZERO,
    Interval,
    Reading,
    Step,
    explained,
    jumps_up,
    rounding,
    steps,
)
from .movements import known_movements

STEPS_SHOWN = 20
MOST_FOR_STEPS = 20_000  # movements; more are not gone through while somebody waits for a page
MOST_DAYS = 31  # in one go, after a desk has been away
_AFTER = timedelta(seconds=clocks.RECONCILE_AFTER_SECONDS)


def keep_ledger(provider: Provider, *, now: datetime) -> list[Statement]:
    """Begin the account's first day, or end those that are over. Returns what was made.

    Two that do it at once make the same rows; the second finds them there.
    """
    made: list[Statement] = []
    newest = Statement.objects.filter(provider=provider).order_by("-day").first()
    if newest is None:
        first = _begin_first(provider, now)
        return [first] if first else []
    for _ in range(MOST_DAYS):
        if now < day_end(newest.day) + _AFTER:
            break
        if newest.state == StatementState.RUNNING:
            newest = make_statement(newest, now=now)
            made.append(newest)
        following = _begin_next(newest, now)
        if following is None:
            break
        newest = following
    one_by_one(
        _doubtful(provider, now),
        lambda one: made.append(make_statement(one, now=now)),
        what="days in doubt",
    )
    return made


def _begin_first(provider: Provider, now: datetime) -> Statement | None:
    """The ledger of an account begins with the newest reading: nothing is known of before."""
    reading = BalanceReading.objects.filter(provider=provider).order_by("-read_at").first()
    return None if reading is None else _begin(provider, reading, desk_day(now), now)


def _begin_next(last: Statement, now: datetime) -> Statement | None:
    """The day of the next reading begins where the last one ended; days without one have none."""
    end = day_end(last.day)
    later = BalanceReading.objects.filter(provider=last.provider, read_at__gte=end)
    first = later.order_by("read_at").first()
    if first is None:
        return None
    opening = BalanceReading(
        provider=last.provider,
        amount=last.closing,
        currency=last.currency,
        read_at=last.closing_at,
    )
    return _begin(last.provider, opening, desk_day(first.read_at), now)


def _begin(provider: Provider, opening: BalanceReading, day: date, now: datetime) -> Statement:
    statement = Statement(
        provider=provider,
        day=day,
        opening=opening.amount,
        opening_at=opening.read_at,
        closing=opening.amount,
        closing_at=opening.read_at,
        currency=opening.currency,
        made_at=now,
    )
    Statement.objects.bulk_create([statement], ignore_conflicts=True)
    return Statement.objects.select_related("provider").get(provider=provider, day=day)


def _doubtful(provider: Provider, now: datetime) -> list[Statement]:
    """Days of late that are not explained yet, now and then: what is learned since may do it."""
    since = desk_day(now) - timedelta(days=clocks.RECONCILE_AGAIN_DAYS)
    balanced = Q(state=StatementState.FITS) | Q(state=StatementState.RUNNING)
    recent = Statement.objects.filter(provider=provider, day__gte=since).exclude(balanced)
    stale = recent.filter(made_at__lt=now - timedelta(hours=1))
    return list(stale.select_related("provider").order_by("day"))


@dataclass(frozen=True, slots=True)
class _Read:
    """The readings of a day, the first of them the one before it."""

    readings: list[Reading]
    currencies: frozenset[str]

    @property
    def is_enough(self) -> bool:
        return len(self.readings) > 1 and len(self.currencies) < 2


def make_statement(statement: Statement, *, now: datetime) -> Statement:
    """Make this day's statement from what is known now; the same again when nothing is new.

    Somebody who made it meanwhile knew as much: theirs stays.
    """
    found = _readings(statement)
    closing = found.readings[-1]
    figures: dict[str, Any] = {"closing": closing.amount, "closing_at": closing.at}
    figures |= _figures(statement, found)
    is_over = now >= day_end(statement.day) + _AFTER
    if not is_over:
        figures["state"] = StatementState.RUNNING
    same = Statement.objects.filter(pk=statement.pk, made_at=statement.made_at)
    with transaction.atomic():
        if same.update(**figures, made_at=now):
            for name, value in figures.items():
                setattr(statement, name, value)
            statement.made_at = now
            if is_over:
                discrepancies.update_discrepancies(statement, now=now)
    return Statement.objects.select_related("provider").get(pk=statement.pk)


def _readings(statement: Statement) -> _Read:
    rows = (
        BalanceReading.objects.filter(
            provider=statement.provider_id,
            read_at__gt=statement.opening_at,
            read_at__lt=day_end(statement.day),
        )
        .order_by("read_at", "pk")
        .values_list("read_at", "amount", "currency")
    )
    read = list(rows)
    currencies = {statement.currency, *(currency for _, _, currency in read)}
    return _Read(
        [Reading(statement.opening_at, statement.opening), *(Reading(at, a) for at, a, _ in read)],
        frozenset(currency.casefold() for currency in currencies if currency),
    )


def _figures(statement: Statement, found: _Read) -> dict[str, Any]:
    opening, closing = found.readings[0], found.readings[-1]
    known = known_movements(statement.provider_id, opening.at, closing.at)
    room = rounding(found.readings)
    interval = explained(known.movements, opening, closing)
    told = list(statement.top_ups.values_list("amount", flat=True))
    came = Interval(sum(told, ZERO), sum(told, ZERO))
    if not told:
        came = jumps_up(known.movements, found.readings, room)
    change = closing.amount - opening.amount
    beyond = (interval + came).beyond(change)
    if beyond > room and not told:  # it came in too little at a time to be seen as a jump
        came, beyond = came + Interval(beyond, beyond), ZERO
    if abs(beyond) <= room:
        beyond = ZERO
    whole = interval + came
    return {
        "charged": known.charged,
        "refunded": known.refunded,
        "added": came.low,
        "low": whole.low,
        "high": whole.high,
        "difference": beyond,
        "movements": known.counted,
        "unpriced": known.unpriced,
        "state": _state(found, came.low, bool(told), beyond),
    }


def _state(found: _Read, came: Decimal, is_told: bool, beyond: Decimal) -> StatementState:
    if not found.is_enough:
        return StatementState.UNREAD
    if beyond < 0:
        return StatementState.DIFFERS
    if beyond > 0 or (came and not is_told):
        return StatementState.ADDED
    return StatementState.FITS


def put_in(statement: Statement) -> str:
    """What staff have said of the day so far."""
    told = statement.top_ups.order_by("pk").values_list("pk", "amount")
    return " ".join([f"{statement.day}", *(f"{pk}:{plain(amount)}" for pk, amount in told)])


def add_top_up(
    statement: Statement,
    amount: Decimal,
    *,
    note: str,
    by: User,
    now: datetime,
    shown: Mapping[str, str] | None = None,
) -> Statement:
    """Staff say that so much was put in on this day: only that counts from now on, and no jump
    is taken for money put in any more. The statement is made anew. Raises ChangedMeanwhile where
    something was said since it was `shown`: the same money would count twice."""
    with transaction.atomic():
        list(Statement.objects.select_for_update().filter(pk=statement.pk))
        if shown is not None and shown.get("told") != word_of(put_in(statement)):
            raise ChangedMeanwhile({"told": put_in(statement)})
        TopUp.objects.create(statement=statement, amount=amount, note=note[:200], at=now, by=by)
        Statement.objects.filter(pk=statement.pk).update(made_at=now)  # nobody knew of it before
        statement.made_at = now
        words = f"{plain(amount)} was put in on {statement.day:%Y-%m-%d}. {note}".strip()
        statement.provider.remember(words, now=now, actor=by)
    return make_statement(statement, now=now)


@dataclass(frozen=True, slots=True)
class Counted:
    """Until when the days of all active accounts are counted that have one, and of how many no day
    is. A day that is not over is looked at by nobody. Of the days before: how many could not be
    told, and on how many more came in than anything explains, which may hide that money is gone."""

    until: datetime | None
    never: int
    untold: int = 0
    risen: int = 0


def counted() -> Counted:
    told = Statement.objects.exclude(state__in=(StatementState.RUNNING, StatementState.UNREAD))
    accounts = Provider.objects.active()
    newest = told.filter(provider__in=accounts).order_by().values_list("provider")
    ends = [end for _, end in newest.annotate(end=Max("closing_at"))]
    until, never = min(ends, default=None), accounts.count() - len(ends)
    if until is None:
        return Counted(until, never)
    before = Statement.objects.filter(provider__in=accounts, opening_at__lt=until)
    # a day without a reading of its own passes over none: the next one begins where it began
    untold = before.filter(state=StatementState.UNREAD, closing_at__gt=F("opening_at"))
    risen = before.filter(state=StatementState.ADDED)
    looked_at = risen.filter(discrepancies__closed_by__isnull=False).distinct()
    return Counted(until, never, untold.count(), risen.count() - looked_at.count())


def unexplained_steps(statement: Statement) -> list[Step]:
    """Where in the day the balance did what nothing explains, the largest first."""
    if statement.movements > MOST_FOR_STEPS:
        return []
    readings = _readings(statement).readings
    known = known_movements(statement.provider_id, readings[0].at, readings[-1].at)
    room = rounding(readings)
    odd = [step for step in steps(known.movements, readings) if abs(step.beyond) > room]
    return sorted(odd, key=lambda step: -abs(step.beyond))[:STEPS_SHOWN]


def is_surely_in(entry: ChargeEntry, statement: Statement) -> bool:
    """False: it may belong to the day before or after as well."""
    return entry.at_low > statement.opening_at and entry.at_high <= statement.closing_at - LAG
