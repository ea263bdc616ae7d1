"""A key loses its index in place, on either database."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def test_the_index_of_a_key_goes_and_the_table_stays_as_it_is() -> None:
    """On SQLite a plain `AlterField` writes a table of a million rows anew."""
    migration = import_module("orders.migrations.0055_no_index_twice")
    loader = MigrationLoader(connection, replace_migrations=False)  # as older databases go
    before = loader.project_state(("orders", "0054_orders_of_batch"))
    operation = migration.LoseIndex(
        "order", "provider", migration._key("providers.provider", related_name="orders")
    )
    after = before.clone()
    operation.state_forwards("orders", after)
    twice = models.Index(fields=["provider"], name="twice")
    order = before.apps.get_model("orders", "Order")
    with connection.schema_editor() as editor:
        editor.add_index(order, twice)
    with connection.schema_editor(collect_sql=True) as said:
        operation.database_forwards("orders", said, before, after)
    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("orders", editor, before, after)
        operation.database_forwards("orders", editor, before, after)  # gone already: nothing to do
    (words,) = [line for line in said.collected_sql if not line.startswith("--")]
    assert words.startswith("DROP INDEX")
    assert "twice" in words
    with connection.cursor() as cursor:
        assert "twice" not in connection.introspection.get_constraints(cursor, "orders_order")


def of_sends() -> dict[str, str]:
    """The indexes of sends and how each is made."""
    asked = {
        "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s",
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s",
    }
    with connection.cursor() as cursor:
        cursor.execute(asked[connection.vendor], ["orders_attempt"])
        return dict(cursor.fetchall())


def test_a_desk_that_was_of_release_0_3_gets_the_indexes_of_sends_of_a_new_one() -> None:
    """What that release made: one by account of all sends, and none of the key."""
    migration = import_module("orders.migrations.0058_indexes_of_sends_as_they_are")
    new, attempt = of_sends(), apps.get_model("orders", "Attempt")
    [by_account] = [index for index in attempt._meta.indexes if index.name == "attempt_by_account"]
    [of_key] = [name for name in new if name.startswith("orders_attempt_provider_id_")]
    with connection.schema_editor() as editor:
        editor.execute(f"DROP INDEX {of_key}")
        editor.remove_index(attempt, by_account)
        editor.add_index(attempt, models.Index(fields=["provider", "-id"], name=by_account.name))
    assert of_sends() != new
    for _ in range(2):  # where they are so already, nothing is done
        with connection.schema_editor() as editor:
            migration.make_as_they_are(apps, editor)
        assert of_sends() == new
