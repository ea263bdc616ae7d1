"""The chart keeps each order on the day it was placed on, on both sides of a clock change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.utils import timezone

from dashboard.local_days import shifts_between
from dashboard.overview import daily, start_of_day
from tests.builders import make_order, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HOUR = timedelta(hours=1)
ZONES = {  # days on which the clocks of the zone had changed a few days before
    "Europe/Berlin": ("2026-10-27", "2026-03-31"),
    "America/New_York": ("2026-11-03", "2026-03-10"),
    "Australia/Lord_Howe": ("2026-04-07", "2026-10-06"),
    "America/Santiago": ("2026-04-07", "2026-09-08"),
    "Asia/Kolkata": ("2026-04-07",),
}
CASES = [(name, day) for name, days in ZONES.items() for day in days]


@pytest.mark.parametrize(("name", "day"), CASES)
def test_an_order_of_any_hour_stands_on_its_own_day(name: str, day: str, settings: Any) -> None:
    cache.clear()
    settings.TIME_ZONE = name
    zone, now = ZoneInfo(name), datetime.fromisoformat(f"{day}T12:00:00+00:00")
    with timezone.override("Pacific/Auckland"):  # of whoever looks
        since = start_of_day(now, 6).astimezone(UTC)
        placed = [since + number * HOUR / 2 for number in range((now - since) // HOUR * 2)]
        service = make_service()
        for moment in placed:
            make_order(service=service, created_at=moment)
        chart = daily(7, now)
        wanted = [
            sum(moment.astimezone(zone).date() == day for moment in placed) for day in chart.days
        ]
    assert chart.orders[:-1] == wanted[:-1]  # today comes from the cards
    assert name == "Asia/Kolkata" or any(count != 48 for count in wanted[:-1])


def test_a_clock_change_is_found_to_the_second(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    with timezone.override("Pacific/Auckland"):
        since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
        assert shifts_between(since, until) == [
            (datetime(2026, 3, 29, 1, tzinfo=UTC), HOUR),
            (datetime(2026, 10, 25, 1, tzinfo=UTC), 2 * HOUR),
            (until, HOUR),
        ]
