"""References by their start, on PostgreSQL in any collation."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0052_orders_by_account_end")]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["reference"],
                condition=~models.Q(reference=""),
                opclasses=["varchar_pattern_ops"],
                name="order_by_start_of_reference",
            ),
        ),
    ]
