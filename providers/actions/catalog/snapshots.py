"""A catalog as rows: what of a service is kept, in our columns, and how a held one is stored."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from providers.models import Service
from providers.panel_api import Catalog, CatalogItem, type_name

# The columns that mirror the provider, in the order of `Values`.
COLUMNS = (
    "name",
    "category",
    "published_type",
    "type",
    "rate",
    "min",
    "max",
    "refill",
    "cancel",
    "dripfeed",
    "description",
    "average_time",
)
Values = tuple[Any, ...]
RATE = COLUMNS.index("rate")
NAME, CATEGORY = COLUMNS.index("name"), COLUMNS.index("category")
TYPE = COLUMNS.index("type")

LONGEST = {
    name: Service._meta.get_field(name).max_length  # type: ignore[union-attr]  # plain columns
    for name in ("name", "category", "published_type", "average_time")
}
LONGEST_DESCRIPTION = 20_000
HIGHEST_RATE = Decimal(10) ** 15
SAMPLES = 20

# Characters that hide, or turn the reading direction: controls, zero-width, overrides, isolates.
# Joiners stay between letters of scripts that need them, and inside emoji.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
_BREAKS = re.compile("[\t\r\n\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A whole catalog in our columns.

    `services` maps the provider's id to its `Values`. `unreadable` are the reasons of rows set
    aside, `set_aside` the ids among them: such a service is neither changed nor gone.
    """

    services: dict[str, Values]
    unreadable: tuple[str, ...] = ()
    set_aside: frozenset[str] = frozenset()

    @property
    def seen(self) -> int:
        return len(self.services) + len(self.unreadable)

    def without(self, ids: Sequence[str], reason: str) -> Snapshot:
        """As if these could not have been read, which is told before the others."""
        left = {key: values for key, values in self.services.items() if key not in ids}
        told = [_reason(one, reason) for one in ids]
        return Snapshot(left, (*told, *self.unreadable), self.set_aside.union(ids))

    def samples(self) -> list[str]:
        return [reason[:200] for reason in self.unreadable[:SAMPLES]]


def snapshot_of(catalog: Catalog) -> Snapshot:
    """The catalog with its texts cleaned and cut; rows no column can hold are set aside."""
    services: dict[str, Values] = {}
    reasons = [_reason(row.about, row.reason) for row in catalog.unreadable]
    set_aside = {row.about for row in catalog.unreadable if row.about}
    for item in catalog.items:
        if item.rate is not None and item.rate >= HIGHEST_RATE:
            reasons.append(_reason(item.service_id, "Its rate is beyond all bounds."))
            set_aside.add(item.service_id)
        else:
            services[item.service_id] = values_of(item)
    return Snapshot(services, tuple(reasons), frozenset(set_aside))


def values_of(item: CatalogItem) -> Values:
    name = one_line(item.name, LONGEST["name"])
    return (
        name or f"Service {item.service_id}",
        one_line(item.category, LONGEST["category"]),
        one_line(item.type, LONGEST["published_type"]),
        type_name(item.type),
        item.rate,
        item.min,
        item.max,
        item.refill,
        item.cancel,
        item.dripfeed,
        shown(item.description)[:LONGEST_DESCRIPTION],
        one_line(item.average_time, LONGEST["average_time"]),
    )


def shown(text: str) -> str:
    """The text without characters that hide or turn it around."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub("", text).strip()


def one_line(text: str, longest: int | None) -> str:
    if not text.isprintable():
        text = _BREAKS.sub(" ", text)
    return shown(text)[:longest].strip()


def packed(snapshot: Snapshot) -> bytes:
    """For `CatalogRun.held_catalog`."""
    rows = [
        [key, *(str(value) if isinstance(value, Decimal) else value for value in values)]
        for key, values in snapshot.services.items()
    ]
    whole = {"rows": rows, "unreadable": snapshot.unreadable, "aside": sorted(snapshot.set_aside)}
    return zlib.compress(json.dumps(whole, separators=(",", ":")).encode())


def unpacked(held: bytes | memoryview) -> Snapshot:
    """What `packed` wrote."""
    whole = json.loads(zlib.decompress(bytes(held)))
    services = {}
    for key, *values in whole["rows"]:
        if values[RATE] is not None:
            values[RATE] = Decimal(values[RATE])
        services[key] = tuple(values)
    return Snapshot(services, tuple(whole["unreadable"]), frozenset(whole["aside"]))


def _reason(about: str, reason: str) -> str:
    return f"Service {about}: {reason}" if about else reason
