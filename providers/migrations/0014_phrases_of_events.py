"""Which refusal phrase a line of the history added is a column, filled from the lines there are.

And why a catalog is held is called so.
"""

from __future__ import annotations

import re
from typing import Any

from django.db import migrations, models

ADDED = re.compile("^An answer “(.+)” means a refusal: ")


def read_phrases(apps: Any, schema_editor: Any) -> None:
    events = apps.get_model("providers", "ProviderEvent").objects
    lines = events.filter(text__startswith="An answer “", phrase="")
    for pk, text in list(lines.values_list("pk", "text")):
        if match := ADDED.match(text):
            events.filter(pk=pk).update(phrase=match[1])


class Migration(migrations.Migration):
    dependencies = [("providers", "0013_leased_rows")]

    operations = [
        migrations.RenameField("catalogrun", "brake", "held_because"),
        migrations.AddField(
            model_name="providerevent",
            name="phrase",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.RunPython(read_phrases, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="providerevent",
            index=models.Index(
                condition=models.Q(("phrase", ""), _negated=True),
                fields=["provider", "id"],
                name="provider_event_phrases",
            ),
        ),
    ]
