"""A desk that was of release 0.3.0 gets two indexes of sends as a new one has them.

As that release went out, the one by account was of all sends and the key had none of its own. 0051
and 0055 were changed after it, which no desk that had been through them took notice of: SQLite then
walked all sends of an account to find the few that are under way.
"""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import migrations

BY_ACCOUNT = "attempt_by_account"
DEFINED = {
    "postgresql": """
        SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND indexname = %s
    """,
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = %s",
}


def make_as_they_are(apps: Apps, schema_editor: Any) -> None:
    attempt, connection = apps.get_model("orders", "Attempt"), schema_editor.connection
    key = attempt._meta.get_field("provider")
    with connection.cursor() as cursor:
        there = connection.introspection.get_constraints(cursor, attempt._meta.db_table)
        cursor.execute(DEFINED[connection.vendor], [BY_ACCOUNT])
        defined = cursor.fetchone()
    if schema_editor._create_index_name(attempt._meta.db_table, [key.column]) not in there:
        for statement in schema_editor._field_indexes_sql(attempt, key):
            schema_editor.execute(statement)
    if defined is None or " WHERE " not in defined[0]:
        [by_account] = [index for index in attempt._meta.indexes if index.name == BY_ACCOUNT]
        if defined is not None:
            schema_editor.remove_index(attempt, by_account)
        schema_editor.add_index(attempt, by_account)


class Migration(migrations.Migration):
    dependencies = [("orders", "0057_codes_beside_words_of_the_desk")]

    operations = [migrations.RunPython(make_as_they_are, migrations.RunPython.noop)]
