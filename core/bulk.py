"""Writing many changed rows in one statement: an order of magnitude faster than bulk_update."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def write_columns(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Set `columns` of the rows named by the last value of each entry (the primary key).

    Entries are (value, value, …, pk) in the order of `columns`. Only these columns are
    written. Returns how many entries there were. Call it inside a transaction.
    """
    entries = list(rows)
    if not entries:
        return 0
    fields = [model._meta.get_field(name) for name in columns]
    key = model._meta.pk
    ready = [
        tuple(_ready(field, value) for field, value in zip((*fields, key), entry, strict=True))
        for entry in entries
    ]
    if connection.vendor == "postgresql":
        _update_from_arrays(model, [*fields, key], ready)
    else:
        _update_many(model, fields, key, ready)
    return len(entries)


def _ready(field: Any, value: Any) -> Any:
    return field.get_db_prep_save(value, connection)


def _update_many(model: Any, fields: list[Any], key: Any, ready: list[tuple[Any, ...]]) -> None:
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    sql = f"UPDATE {quote(model._meta.db_table)} SET {sets} WHERE {quote(key.column)} = %s"
    with connection.cursor() as cursor:
        cursor.executemany(sql, ready)


def _update_from_arrays(model: Any, fields: list[Any], ready: list[tuple[Any, ...]]) -> None:
    quote = connection.ops.quote_name
    *sets, key = fields
    arrays = ", ".join(f"%s::{field.db_type(connection).split()[0]}[]" for field in fields)
    arrays = arrays.replace("bigserial", "bigint").replace("serial", "integer")
    names = ", ".join(f"c{number}" for number in range(len(fields)))
    assigned = ", ".join(f"{quote(f.column)} = fresh.c{n}" for n, f in enumerate(sets))
    sql = (
        f"UPDATE {quote(model._meta.db_table)} SET {assigned} "
        f"FROM unnest({arrays}) AS fresh({names}) "
        f"WHERE {quote(model._meta.db_table)}.{quote(key.column)} = fresh.c{len(sets)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(column) for column in zip(*ready, strict=True)])
