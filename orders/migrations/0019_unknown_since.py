"""Since when nobody knows what became of a send, of every such send: at the latest since it began."""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.models import F


def tell_since_when(apps: Apps, schema_editor: Any) -> None:
    attempts = apps.get_model("orders", "Attempt").objects
    attempts.filter(outcome="unknown", unknown_at=None).update(unknown_at=F("started_at"))


class Migration(migrations.Migration):
    dependencies = [("orders", "0018_named_resolution")]

    operations = [
        migrations.RunPython(tell_since_when, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "unknown"), _negated=True),
                    ("unknown_at__isnull", False),
                    _connector="OR",
                ),
                name="unknown_since_is_known",
            ),
        ),
    ]
