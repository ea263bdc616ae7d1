"""Which promise of the database a row has broken: one name on SQLite and on PostgreSQL."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.db import IntegrityError
from django.db.models import UniqueConstraint

_SQLITE_UNIQUE = "UNIQUE constraint failed: "
_SQLITE_CHECK = "CHECK constraint failed: "


def broken_constraint(error: IntegrityError) -> str:
    """The constraint's name as its model has it, or "table.column" for a field that is unique by
    itself; empty for one that no model names (a foreign key, a column that must not be empty).

    SQLite names the columns of a unique index, not the index: where two of a table are over the
    same columns, the first of the model is told.
    """
    cause = error.__cause__
    said = getattr(cause, "diag", None)
    if said is not None:
        return _named_by_postgresql(said.table_name or "", said.constraint_name or "")
    words = str(cause or error)
    if words.startswith(_SQLITE_CHECK):
        return words.removeprefix(_SQLITE_CHECK)
    columns = words.removeprefix(_SQLITE_UNIQUE).split(", ")
    return _by_columns().get(frozenset(columns), "") if words.startswith(_SQLITE_UNIQUE) else ""


def raise_unless_broken(error: IntegrityError, *constraints: str) -> None:
    """Raise the error again where it is about another promise than these."""
    if broken_constraint(error) not in constraints:
        raise error


def _named_by_postgresql(table: str, name: str) -> str:
    """Django lets the server name a unique column: table, column and an ending."""
    known = _by_columns()
    if name in known.values():
        return name
    own = [one for one in known.values() if one.startswith(f"{table}.")]
    matching = (one for one in own if name.startswith(f"{one.replace('.', '_', 1)}_"))
    return next(matching, name)


@cache
def _by_columns() -> dict[frozenset[str], str]:
    found = dict[frozenset[str], str]()
    for model in apps.get_models():
        table = model._meta.db_table
        for constraint in model._meta.constraints:
            if isinstance(constraint, UniqueConstraint):
                fields: list[Any] = [model._meta.get_field(name) for name in constraint.fields]
                columns = frozenset(f"{table}.{field.column}" for field in fields)
                found.setdefault(columns, constraint.name)
        for field in model._meta.local_concrete_fields:
            if field.unique:
                column = f"{table}.{field.column}"
                found.setdefault(frozenset({column}), column)
    return found
