"""A key loses its index in place, on either database."""

from __future__ import annotations

from importlib import import_module

import pytest
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
