"""The zones a person may choose, and the days that are the same whatever they chose."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.utils import timezone

from core.regional.desk_days import day_end, day_start, desk_day
from core.regional.time_zones import choices, zone_named

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_zones_are_found_by_place_with_their_offset_of_today() -> None:
    groups = dict(choices(NOON))
    assert ("Asia/Kathmandu", "Kathmandu (UTC+05:45)") in groups["Asia"]
    assert ("America/Argentina/Buenos_Aires", "Argentina, Buenos Aires (UTC-03:00)") in groups[
        "America"
    ]
    assert groups["World"] == [("UTC", "UTC")] and "Etc" not in groups and "US" not in groups


def test_a_zone_that_this_machine_does_not_know_is_the_desks() -> None:
    assert zone_named("") is zone_named("Europe/Atlantis") is zone_named("../etc/passwd") is None
    assert str(zone_named("Europe/Lisbon")) == "Europe/Lisbon"


def test_a_day_of_the_desk_is_the_same_whoever_looks(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    late = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)  # one o'clock in Tokyo, on the next day
    for name in ("Asia/Tokyo", "America/Lima", "Pacific/Auckland"):
        with timezone.override(name):
            assert desk_day(late) == date(2026, 11, 24)
            assert day_start(date(2026, 11, 24)) == datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
            assert day_end(date(2026, 11, 24)) == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
