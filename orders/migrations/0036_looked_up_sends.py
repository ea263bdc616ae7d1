"""What a restore has listed is found by its form and by its link."""

from typing import Any
from uuid import UUID

from django.apps.registry import Apps
from django.db import migrations, models

from orders.links import link_key

AT_ONCE = 1_000


def give_keys(apps: Apps, schema_editor: Any) -> None:
    rows, last = apps.get_model("orders", "UnmatchedOrder").objects, 0
    while some := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = some[-1].pk
        for row in some:
            row.form_key = _form_key_in(row.token)
            row.link_key = link_key(row.link) if row.link else ""
        rows.bulk_update(some, ["form_key", "link_key"])


def _form_key_in(token: str) -> UUID | None:
    try:
        return UUID(hex=token.rpartition("-")[0])
    except ValueError:
        return None


class Migration(migrations.Migration):
    dependencies = [("orders", "0035_links_without_empty_parameters")]

    operations = [
        migrations.AddField(
            "unmatchedorder", "form_key", models.UUIDField(blank=True, null=True)
        ),
        migrations.AddField(
            "unmatchedorder",
            "link_key",
            models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.RunPython(give_keys, migrations.RunPython.noop),
        migrations.AddIndex(
            "unmatchedorder",
            models.Index(fields=["link_key", "service_id"], name="unmatched_by_link"),
        ),
        migrations.AddIndex(
            "unmatchedorder", models.Index(fields=["form_key"], name="unmatched_by_form")
        ),
    ]
