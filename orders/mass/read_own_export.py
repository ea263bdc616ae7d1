"""The desk's own export read as a paste: what a spreadsheet was spared is put back, what only
tells of an order is left out, and what cannot be ordered again as it was is said."""

from __future__ import annotations

from core.rows.numbers import row_number

from ..lists.csv_export import COLUMNS, bare

HEADINGS = tuple(name for name, _, _ in COLUMNS)
_ASKED = frozenset(
    {"provider", "service", "link", "quantity", "runs", "interval", "reference", "note"}
)
_NEVER_ABSENT = frozenset({"id", "order", "service", "link", "quantity", "runs", "parent"})


def is_own_export(first_row: list[str]) -> bool:
    """Its heading, with columns taken out or moved, but for those that decide what is bought."""
    names = [cell.strip() for cell in first_row]
    return set(names) >= _NEVER_ABSENT and set(names) <= set(HEADINGS)


def own_columns(first_row: list[str]) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in first_row)


def as_pasted(cells: dict[str, str]) -> tuple[dict[str, str], str]:
    """The cells that ask for something, and why the line cannot be ordered again as it was."""
    found = {name: bare(cells[name]) for name in _ASKED & cells.keys()}
    if parent := cells.get("parent"):
        return found, f"A part that order {parent} started: it is not ordered by itself."
    runs, units = row_number(found.get("runs", "")), row_number(found.get("quantity", ""))
    if runs and units is not None:
        each, rest = divmod(units, runs)
        if rest:
            return found, f"{units} units are not {runs} equal runs."
        found["quantity"] = str(each)  # the export tells all runs together
    return found, ""
