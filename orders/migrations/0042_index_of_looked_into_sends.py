"""Only of what somebody has looked into: SQLite took the index for whatever nobody has, which is
most of the list, in the place of the one by link."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0041_seen_ids")]

    operations = [
        migrations.RemoveIndex(model_name="unmatchedorder", name="unmatched_looked_into"),
        migrations.AddIndex(
            model_name="unmatchedorder",
            index=models.Index(
                fields=["looked_into_at"],
                condition=models.Q(looked_into_at__isnull=False),
                name="unmatched_with_a_word",
            ),
        ),
    ]
