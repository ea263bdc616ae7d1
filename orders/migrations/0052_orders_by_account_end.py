"""Ended orders of an account by their end."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0051_attempts_by_account")]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["provider", "ended_at", "id"], name="order_by_account_end"),
        ),
    ]
