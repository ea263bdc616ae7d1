"""A refill that was lost, let go once more and then told to wait is in doubt, and not waiting.

0.3 had it wait, and sent it again by itself: the lost one may be the reason for the wait. One that
was sent once alone waits on: it was told so by the answer that had been lost.
"""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import migrations

LONGEST = 500


def doubt_again(apps: Apps, schema_editor: Any) -> None:
    refills = apps.get_model("orders", "Refill").objects.using(schema_editor.connection.alias)
    for refill in refills.filter(status="waiting", doubted_at__isnull=False, requests__gt=1):
        words = f"“{refill.reason}” The one whose answer was lost may be under way."
        mine = refills.filter(pk=refill.pk, status="waiting", requests=refill.requests)
        mine.update(status="unconfirmed", code="", reason=words[:LONGEST])


class Migration(migrations.Migration):
    dependencies = [("orders", "0059_recalled_sends")]

    operations = [migrations.RunPython(doubt_again, migrations.RunPython.noop)]
