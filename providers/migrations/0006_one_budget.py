"""One budget of calls an account, orders too; and texts of services without HTML entities."""

import html
from typing import Any

from django.apps.registry import Apps
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models
from django.db.models import Q

from providers.actions.catalog.snapshots import one_line, shown

AT_ONCE = 1_000
LINES = ("name", "category", "average_time")
READS_ONLY, FOR_ALL_CALLS = 30, 50  # the usual number then and now


def count_orders_too(apps: Apps, schema_editor: Any) -> None:
    """The limit was for reads alone, beside one order a second. Who left it as it was gets the new
    one: the old would now slow orders down."""
    providers = apps.get_model("providers", "Provider").objects
    providers.filter(calls_per_minute=READS_ONLY).update(calls_per_minute=FOR_ALL_CALLS)


def undo_entities(apps: Apps, schema_editor: Any) -> None:
    """As every catalog is read from now on, so that the next one renames nothing."""
    service = apps.get_model("providers", "Service")
    has_entities = Q(description__contains="&")
    for name in LINES:
        has_entities |= Q(**{f"{name}__contains": "&"})
    last = 0
    rows = service.objects.filter(has_entities).order_by("pk")
    while some := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        last = some[-1].pk
        for row in some:
            for name in LINES:
                longest = service._meta.get_field(name).max_length
                setattr(row, name, one_line(html.unescape(getattr(row, name)), longest))
            row.description = shown(html.unescape(row.description))
            row.search_text = f"{row.external_id} {row.name} {row.category}".casefold()
        service.objects.bulk_update(some, [*LINES, "description", "search_text"])


class Migration(migrations.Migration):
    dependencies = [("providers", "0005_lane_for_ended_orders")]

    operations = [
        migrations.AddField(
            model_name="providerhealth",
            name="adds_booked_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="provider",
            name="calls_per_minute",
            field=models.PositiveIntegerField(
                default=FOR_ALL_CALLS,
                validators=[MinValueValidator(1), MaxValueValidator(60_000)],
                verbose_name="calls a minute",
            ),
        ),
        migrations.RunPython(count_orders_too, migrations.RunPython.noop),
        migrations.RunPython(undo_entities, migrations.RunPython.noop),
    ]
