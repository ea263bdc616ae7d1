"""The orders of a mass order alone."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0053_references_by_start")]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["batch"],
                condition=models.Q(batch__isnull=False),
                name="order_of_batch",
            ),
        ),
    ]
