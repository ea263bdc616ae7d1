"""The index of a key goes where another begins with the same column.

Each by a statement of its own, after the new ones are there: PostgreSQL lets nobody at a table while
an index of it goes, which takes a moment so, and in one transaction would take as long as all of
them, and wait for one who waits for it. What is left of a broken run goes with the next.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import migrations, models


class LoseIndex(migrations.AlterField):
    """To a key without an index. SQLite's `AlterField` would write the whole table anew."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        column = model._meta.get_field(self.name).column
        ours = {index.name for index in model._meta.indexes}
        how = {"index": True, "unique": False, "primary_key": False, "exclude": ours}
        for name in schema_editor._constraint_names(model, [column], **how):
            schema_editor.execute(schema_editor._delete_index_sql(model, name))


def _key(to: str, **how: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(to, how.pop("on_delete", models.PROTECT), db_index=False, **how)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("orders", "0054_orders_of_batch"),
        ("providers", "0001_squashed_0016_finding_levels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        LoseIndex("attempt", "order", _key("orders.order", related_name="attempts")),
        LoseIndex(
            "order",
            "batch",
            _key(
                "orders.orderbatch",
                on_delete=models.SET_NULL,
                blank=True,
                null=True,
                related_name="orders",
            ),
        ),
        LoseIndex(
            "order", "placed_by", _key(settings.AUTH_USER_MODEL, null=True, related_name="orders")
        ),
        LoseIndex("order", "provider", _key("providers.provider", related_name="orders")),
        LoseIndex(
            "orderevent",
            "order",
            _key("orders.order", on_delete=models.CASCADE, related_name="events"),
        ),
        migrations.RemoveIndex(model_name="order", name="order_by_reference"),
    ]
