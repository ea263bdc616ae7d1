"""The charges and refunds of a day as a CSV file, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from core.money import plain

from ..lists.csv_export import BOM, CHUNK, LINE_END, moment_cell, text_cell
from ..models import ChargeEntry

HEADINGS = (
    "order",
    "provider_order",
    "service",
    "paid",
    "not_before_utc",
    "not_after_utc",
    "currency",
)


def export_entries(entries: QuerySet[ChargeEntry]) -> Iterator[str]:
    """The file: a heading, then a line for each movement, newest first; what was given back is
    below zero. Every chunk is a query of its own."""
    yield BOM + ",".join(f'"{name}"' for name in HEADINGS) + LINE_END
    rows = entries.select_related("order__service", "provider").order_by("-pk")
    found = list(rows[:CHUNK])
    while found:
        yield "".join(_line(entry) for entry in found)
        found = list(rows.filter(pk__lt=found[-1].pk)[:CHUNK]) if len(found) == CHUNK else []


def _line(entry: ChargeEntry) -> str:
    order = entry.order
    cells = (
        str(order.pk),
        text_cell(order.external_id),
        text_cell(order.service.external_id),
        plain(entry.amount),
        moment_cell(entry.at_low),
        moment_cell(entry.at_high),
        text_cell(entry.provider.currency),
    )
    return ",".join(cells) + LINE_END
