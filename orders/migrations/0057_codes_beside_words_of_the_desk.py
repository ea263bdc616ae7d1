"""A refill or cancel whose reason may be the desk's own keeps no code of a provider's refusal.

Up to 0.3 such a code stayed when words of the desk took the place of the provider's, and from here
on it says whose the words are. Of those that may be either nobody quotes them any more.
"""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import migrations

OURS = ("", "unclear", "unknown_word", "unreadable", "number_twice")


def clear_codes(apps: Apps, schema_editor: Any) -> None:
    del schema_editor
    cancels = apps.get_model("orders", "CancelRequest").objects.exclude(code__in=OURS)
    cancels.filter(status__in=("queued", "sending", "ended")).update(code="")
    refills = apps.get_model("orders", "Refill").objects.exclude(code__in=OURS)
    refills.filter(status__in=("queued", "sending", "unconfirmed", "withdrawn")).update(code="")


class Migration(migrations.Migration):
    dependencies = [("orders", "0056_currency_of_waiting_orders")]

    operations = [migrations.RunPython(clear_codes, migrations.RunPython.noop)]
