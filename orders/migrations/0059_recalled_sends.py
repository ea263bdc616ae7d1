"""Which sends the journal of a machine has given back to a database that was put back.

Until now their code alone told, and it went with their answer. A claim has a lease; the row of one
that was given back has none: it ends as it begins.
"""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce


def note_recalled(apps: Apps, schema_editor: Any) -> None:
    attempts = apps.get_model("orders", "Attempt").objects.using(schema_editor.connection.alias)
    given_back = attempts.filter(Q(code="recalled") | Q(lease_until=F("started_at")))
    given_back.update(recalled_at=Coalesce(F("recorded_at"), F("started_at")))


class Migration(migrations.Migration):
    dependencies = [("orders", "0058_indexes_of_sends_as_they_are")]

    operations = [
        migrations.AddField(
            "attempt", "recalled_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.RunPython(note_recalled, migrations.RunPython.noop),
    ]
