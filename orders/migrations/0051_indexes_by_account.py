"""Ended orders of an account by their end, its sends by their number, references by their start, and
the orders of a mass order alone. Reading goes on meanwhile; writing waits."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0050_looks_that_cancels_wait_for")]

    operations = [
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["provider", "-id"], name="attempt_by_account"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["provider", "ended_at", "id"], name="order_by_account_end"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["reference"],
                condition=~models.Q(reference=""),
                opclasses=["varchar_pattern_ops"],
                name="order_by_start_of_reference",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["batch"],
                condition=models.Q(batch__isnull=False),
                name="order_of_batch",
            ),
        ),
    ]
