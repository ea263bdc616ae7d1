"""The days of the desk: of limits, statements, filters and figures.

They begin at midnight in `DESK_TIME_ZONE` for everybody and in every worker, whatever time zone a
person has chosen to read times in. Django's own `localdate` would give each person other days.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from django.utils import timezone


def desk_zone() -> tzinfo:
    return timezone.get_default_timezone()


def desk_time(moment: datetime) -> datetime:
    return moment.astimezone(desk_zone())


def desk_day(moment: datetime) -> date:
    return desk_time(moment).date()


def day_start(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=desk_zone())


def day_end(day: date) -> datetime:
    return day_start(day + timedelta(days=1))
