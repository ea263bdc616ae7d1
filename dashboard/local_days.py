"""The days of the desk's time zone as the database tells them, each moment by its own offset."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Case, DateField, F, Func, Value, When
from django.db.models.functions import TruncDate

from core.regional.desk_days import desk_time, desk_zone

Shift = tuple[datetime, timedelta]


def local_day(column: str, since: datetime, until: datetime) -> Func:
    """The day of a moment that lies between `since` and `until`, as a date.

    Django's own truncation on SQLite calls Python for every row, a second for half a million;
    here SQLite shifts by the offset, told apart only where a clock change lies between.
    """
    if connection.vendor != "sqlite":
        return TruncDate(column, tzinfo=desk_zone())
    *changes, (_, last) = shifts_between(since, until)
    whens = [When(**{f"{column}__lt": end}, then=_modifier(shift)) for end, shift in changes]
    shift = Case(*whens, default=_modifier(last)) if whens else _modifier(last)
    return Func(F(column), shift, function="date", output_field=DateField())


def shifts_between(since: datetime, until: datetime) -> list[Shift]:
    """The offsets in use, oldest first, each with the moment it ends at; the last with `until`."""
    since, until = since.astimezone(UTC), until.astimezone(UTC)  # elsewhere a day is no 24 hours
    return [*_changes(since, until), (until, _offset(until - timedelta(microseconds=1)))]


def _changes(since: datetime, until: datetime) -> Iterator[Shift]:
    start = since
    while start < until:
        end = min(start + timedelta(days=1), until)
        if _offset(start) != _offset(end):
            change = _moment_of_change(start, end)
            if change < until:
                yield change, _offset(start)
        start = end


def _moment_of_change(before: datetime, after: datetime) -> datetime:
    """To the second; `after` is at or behind it."""
    first = _offset(before)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle <= before:
            break
        if _offset(middle) == first:
            before = middle
        else:
            after = middle
    return after


def _offset(moment: datetime) -> timedelta:
    return desk_time(moment).utcoffset() or timedelta()


def _modifier(offset: timedelta) -> Value:
    return Value(f"{int(offset.total_seconds()):+d} seconds")
