"""Many orders written as text, one a line: read into cells by column, nothing checked yet.

`service | link | quantity`, CSV or TSV; the first separator in the text is the separator of all
of it. A first line that names columns (one of them "service") may name any field of any type.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.regional.numbers import grouped
from core.texts import readable, without_unseen
from providers.panel_api.order_types.table import PAYLOADS, Ask, Kind

from ..placing.cells import LISTS_OF_NAMES, address_in, id_in, names_in, number_in
from .read_own_export import as_pasted, is_own_export, own_columns

MOST_BYTES = 5 * 1024 * 1024
MOST_LINES = 50_000
MORE = "more"  # the column of cells beyond the last column

_FIRST_SEPARATOR = re.compile(r'\s*(?:"(?:[^"]|"")*"|[^"\t|;,\r\n]*)[^\S\t\r\n]*([\t|;,])')
_SAID_SEPARATOR = re.compile(r'"?sep=([\t|;,])"?[^\S\r\n]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_ASKS: dict[str, Ask] = {
    name: ask for payload in reversed(PAYLOADS.values()) for name, ask in payload.asks().items()
}  # where types label a field differently, the first one's label counts
OWN_COLUMNS = ("service", "provider", "reference", "note")
WITHOUT_HEADER = ("service", "link", "quantity")
LISTS = frozenset(name for name, ask in _ASKS.items() if ask.kind is Kind.LINES)
LABELS = {name: name.capitalize() for name in OWN_COLUMNS} | {
    name: ask.label for name, ask in _ASKS.items()
}


class NotAPaste(ValueError):
    """It cannot be read as lines of orders; says why, for whoever pasted it."""


@dataclass(frozen=True, slots=True)
class PastedLine:
    """`number` is the line of the text it starts on, `cells` what is not empty, by column."""

    number: int
    cells: dict[str, str]


def read_paste(text: str) -> list[PastedLine]:
    """Raises NotAPaste, in words, for what is too much, empty, or broken as a whole."""
    if len(text) > MOST_BYTES or len(text.encode(errors="replace")) > MOST_BYTES:
        raise NotAPaste("This is more than 5 MB. Split it into several parts.")
    text = readable(text).removeprefix("\ufeff")
    if not text.strip():
        raise NotAPaste("There are no lines in it.")
    rows = _rows(text)
    start, cells = next(rows, (0, []))
    if not cells:
        raise NotAPaste("There are no lines in it.")
    if is_own_export(cells):
        lines = [_own_line(number, own_columns(cells), row) for number, row in rows]
    else:
        columns = _columns(cells)
        lines = [] if columns else [_line(start, WITHOUT_HEADER, cells)]
        lines += (_line(number, columns or WITHOUT_HEADER, row) for number, row in rows)
    if not lines:
        raise NotAPaste("There are no lines below the names of the columns.")
    if len(lines) > MOST_LINES:
        raise NotAPaste(
            f"These are {grouped(len(lines))} lines; {grouped(MOST_LINES)} is the most. Split them."
        )
    return lines


def digest_of(lines: Iterable[PastedLine], provider_id: int | None) -> str:
    """64 hex digits, equal for pastes that ask for the same, however they were spaced."""
    asked = [sorted(line.cells.items()) for line in lines]
    return hashlib.sha256(json.dumps([provider_id, asked]).encode()).hexdigest()


def entries_of(cell: str) -> str:
    r"""A cell that holds a list, one entry a line: real line breaks count alone; without any,
    "\n" as it is written and "|" part the entries."""
    cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" in cell:
        return cell
    return cell.replace("\\r\\n", "\n").replace("\\n", "\n").replace("|", "\n")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold something, with the line each starts on. Only CR and LF end a line."""
    csv.field_size_limit(MOST_BYTES)
    said = _SAID_SEPARATOR.match(text)
    ended = 1 if said else 0
    source = io.StringIO(text[said.end() :] if said else text, newline="")
    separator = said[1] if said else _first_separator(text)
    reader = csv.reader(
        source, delimiter=separator, skipinitialspace=separator != "\t", strict=True
    )
    above = ended
    try:
        for cells in reader:
            start, ended = ended + 1, above + reader.line_num
            if any(cell.strip() for cell in cells):
                yield start, cells
    except csv.Error:
        raise NotAPaste(
            f"Line {grouped(ended + 1)}: a quotation mark is not closed, or something follows the "
            'closing one. Inside a cell in quotation marks, write a quotation mark twice: "".'
        ) from None


def _first_separator(text: str) -> str:
    first = _FIRST_SEPARATOR.match(text)
    if first is None:
        raise NotAPaste("No separator was found. Write lines as: service | link | quantity")
    return first[1]


def _columns(cells: list[str]) -> tuple[str, ...]:
    """The columns a first line names; none when it is an order already."""
    named = [_column(cell) for cell in cells]
    if "service" not in named:
        return ()
    unknown = [c.strip() for c, name in zip(cells, named, strict=True) if not name and c.strip()]
    if unknown:
        raise NotAPaste(
            f"The first line names a column we do not know: “{unknown[0][:80]}”. "
            f"Known are: {', '.join(sorted(LABELS))}."
        )
    twice = next((name for name in named if name and named.count(name) > 1), "")
    if twice:
        raise NotAPaste(f"The first line names the column “{twice}” twice.")
    return tuple(named)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


_BY_LETTERS = (
    {_letters(label): name for name, label in LABELS.items()}
    | {_letters(name): name for name in LABELS}
    | {"serviceid": "service", "url": "link", "qty": "quantity", "amount": "quantity"}
)


def _column(cell: str) -> str:
    return _BY_LETTERS.get(_letters(cell), "") if len(cell) < 80 else ""


def _line(number: int, columns: tuple[str, ...], cells: list[str]) -> PastedLine:
    found = dict(zip(columns, cells, strict=False))
    beyond = [cell.strip() for cell in cells[len(columns) :] if cell.strip()]
    if beyond:
        found[MORE] = " · ".join(beyond)
    return PastedLine(number, tidied(found))


def _own_line(number: int, columns: tuple[str, ...], cells: list[str]) -> PastedLine:
    found, words = as_pasted(dict(zip(columns, cells, strict=False)))
    return PastedLine(number, tidied(found | {MORE: words}))


def tidied(cells: Mapping[str, str]) -> dict[str, str]:
    """What is meant by each cell that is not empty, by its kind of field."""
    found = ((name, _tidy(name, text)) for name, text in cells.items() if name)
    return {name: text for name, text in found if text}


def _tidy(name: str, text: str) -> str:
    if name == "service":
        return id_in(text)
    kind = _ASKS[name].kind if name in _ASKS else None
    if kind is Kind.LINK:
        return address_in(text)
    if kind in (Kind.QUANTITY, Kind.NUMBER):
        return number_in(text)
    if kind is Kind.LINES:
        entries = entries_of(text.strip())
        return names_in(entries) if name in LISTS_OF_NAMES else entries
    return text.strip() if kind in (None, Kind.TEXT) else without_unseen(text)
