"""A refill of which it was not known whether it had been begun says so for good, in one place."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce


def mark_doubted(apps: Apps, schema_editor: Any) -> None:
    """Those in doubt now, those let go again since, and those closed after a send: of these it is
    no longer told which had been told to wait."""
    closed = Q(status="withdrawn", requests__gt=0)
    doubted = Q(status="unconfirmed") | Q(code="sent_before") | closed
    refills = apps.get_model("orders", "Refill").objects.filter(doubted)
    refills.update(doubted_at=Coalesce(F("sent_at"), F("changed_at")))
    refills.filter(code="sent_before").update(code="")


class Migration(migrations.Migration):
    dependencies = [("orders", "0038_looked_into_sends")]

    operations = [
        migrations.AddField(
            "refill", "doubted_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.RunPython(mark_doubted, migrations.RunPython.noop),
    ]
