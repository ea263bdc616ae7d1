"""Pages that start after a row instead of after a count: page 20,000 costs what page 1 costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """One page. `next`, `previous` are cursors for the query string, empty at the ends."""

    rows: list[Row]
    next: str
    previous: str
    is_first: bool
    is_last: bool


LAST = "last"


def keyset_page(
    rows: QuerySet[Row], *, keys: tuple[str, ...], cursor: str, size: int
) -> KeysetPage[Row]:
    """The page at `cursor` ("" the first, "last" the last), ordered by `keys`.

    `keys` are columns or annotations that are never null, all descending ("-pk") or all
    ascending, the last one unique. A cursor that is not ours, or is of another ordering, is the
    first page.
    """
    names = tuple(key.removeprefix("-") for key in keys)
    descending = keys[0].startswith("-")
    salt = f"keyset:{','.join(keys)}"
    backwards, edge = _read_cursor(cursor, salt)
    if edge:
        rows = rows.filter(_beyond(names, edge, below=descending is not backwards))
    step = "-" if descending is not backwards else ""
    found = list(rows.order_by(*(step + name for name in names))[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_previous = more if backwards else bool(edge)
    has_next = bool(edge) if backwards else more
    return KeysetPage(
        rows=found,
        next=_write_cursor("a", found[-1], names, salt) if found and has_next else "",
        previous=_write_cursor("b", found[0], names, salt) if found and has_previous else "",
        is_first=not has_previous,
        is_last=not has_next,
    )


def rows_beside(
    rows: QuerySet[Row], *, keys: tuple[str, ...], edge: list[Any]
) -> tuple[Row | None, Row | None]:
    """The row before and the row after the place that `edge` names by a value for each key. No
    row needs to stand there."""
    names = tuple(key.removeprefix("-") for key in keys)
    descending = keys[0].startswith("-")
    before, after = (
        rows.filter(_beyond(names, edge, below=is_below))
        .order_by(*(f"{'-' if is_below else ''}{name}" for name in names))
        .first()
        for is_below in (not descending, descending)
    )
    return before, after


def _beyond(names: tuple[str, ...], edge: list[Any], *, below: bool) -> Q:
    """Rows past the edge; the first column alone bounds the scan so that its index is used."""
    word = "lt" if below else "gt"
    condition = Q(**{f"{names[-1]}__{word}": edge[-1]})
    for name, value in zip(reversed(names[:-1]), reversed(edge[:-1]), strict=True):
        condition = Q(**{f"{name}__{word}e": value}) & (
            Q(**{f"{name}__{word}": value}) | (Q(**{name: value}) & condition)
        )
    return condition


def _write_cursor(side: str, row: Model, names: tuple[str, ...], salt: str) -> str:
    edge = (getattr(row, name) for name in names)
    values = [str(value) if isinstance(value, (Decimal, datetime)) else value for value in edge]
    return signing.dumps([side, *values], salt=salt)


def _read_cursor(cursor: str, salt: str) -> tuple[bool, list[Any]]:
    if cursor == LAST:
        return True, []
    try:
        side, *edge = signing.loads(cursor, salt=salt) if cursor else ("a",)
    except (signing.BadSignature, ValueError, TypeError):
        return False, []
    return side == "b", edge
