"""From when on what is read of an account is of its place of now."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0001_squashed_0016_finding_levels")]

    operations = [
        migrations.AddField(
            "provider",
            "here_since",
            models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
