"""A cancel that was sent waits for a look at its order, and none of before the upgrade is written
down: its order is asked about at once, and not after what is left of its wait."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.utils.timezone import now


def look_at_once(apps: Apps, schema_editor: Any) -> None:
    """Few of the open orders have such a cancel. What is due already keeps its turn."""
    requests = apps.get_model("orders", "CancelRequest").objects
    waiting = requests.filter(status="queued", sent_at__isnull=False)
    moment = now()
    schedules = apps.get_model("orders", "PollSchedule").objects
    schedules.filter(order__in=waiting.values("order"), next_at__gt=moment).update(next_at=moment)


class Migration(migrations.Migration):
    dependencies = [("orders", "0049_calls_recorded_once")]

    operations = [migrations.RunPython(look_at_once, migrations.RunPython.noop)]
