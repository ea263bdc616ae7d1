"""What the search of the catalog stands on; each database has a way of its own.

SQLite walks a narrow index in the order of the page and looks for the words there, instead of
in rows made wide by descriptions. PostgreSQL finds them by their trigrams where the extension
may be made; without it the search is slower and nothing else changes.
"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, migrations, transaction

SQLITE = (
    "CREATE INDEX service_search ON providers_service (category, id, search_text)"
    " WHERE gone_at IS NULL"
)
POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX service_search ON providers_service USING gin (search_text gin_trgm_ops)",
)


def make(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    if connection.vendor == "sqlite":
        schema_editor.execute(SQLITE)
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            for statement in POSTGRESQL:
                cursor.execute(statement)
    except DatabaseError:
        return  # this role may not make extensions


def remove(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute("DROP INDEX IF EXISTS service_search")


class Migration(migrations.Migration):
    dependencies = [("providers", "0001_initial")]

    operations = [migrations.RunPython(make, remove, elidable=False)]
