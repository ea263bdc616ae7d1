"""The sends of an account by their number. Reading goes on meanwhile; writing waits: so each of these
indexes has a migration, and a transaction, of its own."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0050_looks_that_cancels_wait_for")]

    operations = [
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                fields=["provider", "-id"],
                condition=models.Q(number__gte=1),
                name="attempt_by_account",
            ),
        ),
    ]
