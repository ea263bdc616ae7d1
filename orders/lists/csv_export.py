"""The orders as a CSV file, written line by line: a million rows take the memory of a few."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from core.money import plain

from ..models import OrderQuerySet
from ..status import Status

CHUNK = 1_000  # rows a query reads; none stays open while they are sent
LINE_END = "\r\n"
BOM = "\ufeff"  # without it Excel reads UTF-8 as the encoding of its country
# `Order.service_name`, asked of the database.
AGREED_NAME = Coalesce(
    KeyTextTransform("name", "terms"), F("service__name"), output_field=TextField()
)

_BLANK = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})  # what a spreadsheet may skip before a formula
_LIVE = frozenset("=+-@−")  # NFKC makes the full-width, small and raised forms of the rest these
_LINES = re.compile(r"(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])")
_DULL = re.compile(r"[A-Za-z0-9][^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*")


def export_lines(orders: OrderQuerySet) -> Iterator[str]:
    """The file: a heading, then a line for each order, newest first.

    Every chunk is a query of its own that starts after the last row of the one before, so that
    no transaction stays open as long as somebody downloads.
    """
    yield BOM + ",".join(f'"{name}"' for name, _, _ in COLUMNS) + LINE_END
    named = orders.annotate(agreed_name=AGREED_NAME).order_by("-pk")
    rows = named.values_list("pk", *(path for _, path, _ in COLUMNS))
    spell = [spelling for _, _, spelling in COLUMNS]
    found = list(rows[:CHUNK])
    while found:
        yield "".join(_line(row[1:], spell) for row in found)
        found = list(rows.filter(pk__lt=found[-1][0])[:CHUNK]) if len(found) == CHUNK else []


def _line(values: tuple[Any, ...], spell: list[Callable[[Any], str]]) -> str:
    cells = ("" if v is None else say(v) for v, say in zip(values, spell, strict=True))
    return ",".join(cells) + LINE_END


def text_cell(text: str) -> str:
    """Text in quotes, with an apostrophe before whatever a spreadsheet would take for a formula."""
    return '"' + inert(text).replace('"', '""') + '"'


def inert(text: str) -> str:
    """The text with `'` before each of its lines that begins, after blanks, like a formula."""
    if _DULL.fullmatch(text):
        return text
    guarded = "".join(
        f"'{part}" if _begins_a_formula(part) and not _LINES.fullmatch(part) else part
        for part in _LINES.split(text)
    )
    return f"'{guarded}" if _LINES.match(text) else guarded


def bare(text: str) -> str:
    """The text that `inert` made this of."""
    return "".join(
        part[1:] if part.startswith("'") and (not part[1:] or _begins_a_formula(part[1:])) else part
        for part in _LINES.split(text)
    )


def _begins_a_formula(line: str) -> bool:
    if line.startswith("\t"):
        return True
    for character in line:
        if unicodedata.category(character) not in _BLANK:
            return unicodedata.normalize("NFKC", character)[:1] in _LIVE
    return False


def moment_cell(moment: datetime) -> str:
    """As spreadsheets read it, in the time zone the heading names."""
    return f'"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"'


# heading, in the terms of the panel API where it has one; column; how a value is spelled
COLUMNS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("id", "id", str),
    ("provider", "provider__name", text_cell),
    ("order", "external_id", text_cell),
    ("service", "service__external_id", text_cell),
    ("name", "agreed_name", text_cell),
    ("type", "type", text_cell),
    ("link", "link", text_cell),
    ("quantity", "units", str),
    ("runs", "payload__runs", str),
    ("interval", "payload__interval", str),
    ("status", "status", lambda status: text_cell(Status(status).label)),
    ("provider_status", "raw_status", text_cell),
    ("start_count", "start_count", str),
    ("remains", "remains", str),
    ("charge", "charge", plain),
    ("estimate", "estimate", plain),
    ("rate", "rate", plain),
    ("currency", "provider__currency", text_cell),
    ("reference", "reference", text_cell),
    ("note", "note", text_cell),
    ("tags", "tags", lambda tags: text_cell(tags.strip())),
    ("reason", "reason", text_cell),
    ("placed_by", "placed_by__username", text_cell),
    ("parent", "parent_id", str),
    ("placed_at_utc", "created_at", moment_cell),
    ("sent_at_utc", "sent_at", moment_cell),
    ("ended_at_utc", "ended_at", moment_cell),
    ("refund_apart", "refund", plain),
)
