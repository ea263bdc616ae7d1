"""Run inside an empty PostgreSQL: the desk of release 0.1.0 as it stood in one, row by row.

Tables and rows are those of `desk-0.1.0.sqlite3.gz`, by the models of that release's migrations.
"""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import Any

import environ
from django.core.management.color import no_style
from django.db import connection, connections, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from core.clocks import database_now
from dashboard.databases.copying import add_database
from orders.sending import halts, sweep_due
from orders.status import HaltKind
from providers.models import Provider

RELEASED = Path(__file__).parent / "desk-0.1.0.sqlite3.gz"
OLD = "released"


def put(provider_url: str) -> None:
    """`provider_url`: where the first account is now; its key and its services stay."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "desk.sqlite3"
        path.write_bytes(gzip.decompress(RELEASED.read_bytes()))
        add_database(OLD, {"OPTIONS": {}, **environ.Env.db_url_config(f"sqlite:///{path}")})
        then = _tables_of_then()
        with transaction.atomic():
            _copy(then)
            [accounts] = [model for model in then if model._meta.label == "providers.Provider"]
            accounts._base_manager.filter(name="Northwind").update(url=provider_url)
        connections[OLD].close()


def let_go() -> None:
    """What a manager says on the pages once that desk is upgraded: the database is accepted, and
    nothing waits for the orders in doubt."""
    now = database_now()
    sweep_due.reap_lost_sends(now=now)
    halts.lift_halt(HaltKind.RESTORED, now=now)
    for account in Provider.objects.all():
        for kind in (HaltKind.ANSWER_LOST, HaltKind.EXPOSURE):
            halts.lift_halt(kind, provider=account, now=now)


def _tables_of_then() -> list[type[models.Model]]:
    """Made here, one file of migrations after the other, as that release had them."""
    noted = MigrationRecorder(connections[OLD]).applied_migrations()
    last = {app: (app, name) for app, name in sorted(noted)}
    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    executor.migrate(list(last.values()))
    state = executor.loader.project_state(list(last.values()))
    found: list[type[models.Model]] = state.apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def _copy(tables: list[type[models.Model]]) -> None:
    for model in tables:
        rows: list[Any] = list(model._base_manager.using(OLD).all())
        model._base_manager.using("default").all().delete()  # what a migration made by itself
        model._base_manager.using("default").bulk_create(rows)
    with connection.cursor() as cursor:
        for line in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(line)
