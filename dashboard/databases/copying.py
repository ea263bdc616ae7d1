"""Everything in one database, carried to another that is empty: SQLite to PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connections, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.sql import InsertQuery

from core.models import User
from providers.models import Provider

BATCH = 400  # rows in one statement: SQLite takes 32,766 values
Model = type[models.Model]


class CannotCopy(Exception):
    """Says why, and what to do first."""


def add_database(alias: str, configuration: dict[str, Any]) -> None:
    """Make a database known that the settings do not name."""
    connections.settings[alias] = {**connections.settings["default"], **configuration}


def copy_rows(source: str, target: str, say: Callable[[str], None]) -> int:
    """Copy every row with its key, all of them or none. Returns how many there were.

    PostgreSQL looks at foreign keys when the transaction ends, so the order is of no matter.
    """
    _refuse_what_does_not_fit(source, target)
    tables = [model for model in apps.get_models(include_auto_created=True) if _is_ours(model)]
    copied = 0
    with transaction.atomic(using=target):
        _empty(tables, target)
        for model in tables:
            count = _copy_table(model, source, target)
            copied += count
            if count:
                say(f"  {model._meta.db_table:32} {count}")
        _set_sequences(tables, target)
    return copied


def _refuse_what_does_not_fit(source: str, target: str) -> None:
    if _applied(source) != _applied(target):
        raise CannotCopy("The two databases are not at the same migrations: migrate both first.")
    if User.objects.using(target).exists() or Provider.objects.using(target).exists():
        raise CannotCopy("The target already has people or providers: give me an empty database.")


def _applied(alias: str) -> set[tuple[str, str]]:
    """Without those of an app that an earlier release had and this one has not."""
    installed = {app.label for app in apps.get_app_configs()}
    noted = MigrationRecorder(connections[alias]).applied_migrations()
    return {(app, name) for app, name in noted if app in installed}


def _is_ours(model: Model) -> bool:
    return bool(model._meta.managed and not model._meta.proxy)


def _empty(tables: list[Model], target: str) -> None:
    """What the migrations wrote into the target comes from the source with its own keys."""
    statements = connections[target].ops.sql_flush(
        no_style(), [model._meta.db_table for model in tables], allow_cascade=True
    )
    connections[target].ops.execute_sql_flush(statements)


def _copy_table(model: Model, source: str, target: str) -> int:
    """Row by row as they are: `raw` keeps `auto_now_add` from writing today's date."""
    count = 0
    for rows in _rows(model, source):
        insert = InsertQuery(model)
        insert.insert_values(model._meta.concrete_fields, rows, raw=True)
        insert.get_compiler(using=target).execute_sql()
        count += len(rows)
    written = model._base_manager.using(target).count()
    if written != count:
        raise CannotCopy(f"{model._meta.db_table}: read {count} rows, wrote {written}.")
    return count


def _rows(model: Model, source: str) -> Iterator[list[models.Model]]:
    everything = model._base_manager.using(source).order_by("pk")
    last: Any = None
    while rows := list((everything.filter(pk__gt=last) if last else everything)[:BATCH]):
        yield rows
        last = rows[-1].pk


def _set_sequences(tables: list[Model], target: str) -> None:
    """The next row gets the next number, not one that is taken."""
    with connections[target].cursor() as cursor:
        for statement in connections[target].ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)
