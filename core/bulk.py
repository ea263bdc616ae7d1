"""Writing many changed rows in one statement: an order of magnitude faster than bulk_update."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def write_columns(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    unless_changed: str = "",
) -> int:
    """Set `columns` of many rows. Call it inside a transaction.

    Entries are (value, value, …, pk) in the order of `columns`. Only these columns are
    written. With `unless_changed` each entry ends in one value more, and a row is written only
    while that column still holds it. Returns how many entries there were.
    """
    entries = list(rows)
    if not entries:
        return 0
    sets: list[Any] = [model._meta.get_field(name) for name in columns]
    wheres: list[Any] = [model._meta.pk]
    if unless_changed:
        wheres.append(model._meta.get_field(unless_changed))
    fields = [*sets, *wheres]
    ready = list(zip(*map(_prepared, fields, zip(*entries, strict=True)), strict=True))
    write = _from_arrays if connection.vendor == "postgresql" else _one_by_one
    write(connection.ops.quote_name(model._meta.db_table), sets, wheres, ready)
    return len(entries)


def _prepared(field: Any, values: Sequence[Any]) -> Sequence[Any]:
    """A column of values as the driver wants them; text and whole numbers are so already."""
    if isinstance(field, models.CharField | models.IntegerField | models.BooleanField):
        return values
    if isinstance(field, models.JSONField):
        return [field.get_db_prep_save(value, connection) for value in values]
    ready: dict[Any, Any] = {}  # moments repeat within a batch, and are dear to convert
    for value in values:
        if value not in ready:
            ready[value] = field.get_db_prep_save(value, connection)
    return [ready[value] for value in values]


def _one_by_one(table: str, sets: list[Any], wheres: list[Any], ready: list[Any]) -> None:
    quote = connection.ops.quote_name
    assigned = ", ".join(f"{quote(field.column)} = %s" for field in sets)
    where = " AND ".join(f"{quote(field.column)} = %s" for field in wheres)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {assigned} WHERE {where}", ready)  # noqa: S608  (names are ours)


def _from_arrays(table: str, sets: list[Any], wheres: list[Any], ready: list[Any]) -> None:
    quote = connection.ops.quote_name
    fields = [*sets, *wheres]
    arrays = ", ".join(f"%s::{_array_type(field)}[]" for field in fields)
    names = ", ".join(f"c{number}" for number in range(len(fields)))
    assigned = ", ".join(f"{quote(field.column)} = fresh.c{n}" for n, field in enumerate(sets))
    where = " AND ".join(
        f"{table}.{quote(field.column)} = fresh.c{n}"
        for n, field in enumerate(wheres, start=len(sets))
    )
    sql = f"UPDATE {table} SET {assigned} FROM unnest({arrays}) AS fresh({names}) WHERE {where}"  # noqa: S608  (names are ours)
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(column) for column in zip(*ready, strict=True)])


def _array_type(field: Any) -> str:
    """The column's type as a plain type: a serial key is an integer, a length is no part of it."""
    return str(
        field.rel_db_type(connection) if field.primary_key else field.cast_db_type(connection)
    )
