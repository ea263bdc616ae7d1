"""The time zones a person may choose, by the names that people know."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

REGIONS = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)
Group = tuple[str, list[tuple[str, str]]]


@cache
def names() -> frozenset[str]:
    """Of a place, and UTC; older spellings such as "US/Eastern" are left out."""
    return frozenset(name for name in _known() if name.partition("/")[0] in REGIONS) | {"UTC"}


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_named(name: str) -> tzinfo | None:
    """None is the zone of the desk: nothing was chosen, or this machine does not know it."""
    return ZoneInfo(name) if name in names() else None


def zone_of_page(name: str) -> tzinfo | None:
    """What a page has said, by any name: the desk's own zone may be set by an older spelling."""
    return ZoneInfo(name) if name in _known() else None


def choices(now: datetime) -> list[Group]:
    """By region, with the offset of today: "São Paulo" is found by typing its first letters."""
    regions = defaultdict[str, list[tuple[str, str]]](list)
    for name in sorted(names() - {"UTC"}):
        region, _, place = name.partition("/")
        regions[region].append((name, f"{_spaced(place)} ({offset(now, ZoneInfo(name))})"))
    return [("World", [("UTC", "UTC")]), *regions.items()]


def offset(now: datetime, zone: tzinfo) -> str:
    """ "UTC+05:45"."""
    text = now.astimezone(zone).strftime("%z")
    return f"UTC{text[:3]}:{text[3:5]}"


def _spaced(place: str) -> str:
    return place.replace("_", " ").replace("/", ", ")
