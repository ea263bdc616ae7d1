"""Names of today for rows of before. Nothing is done to any table: tables, columns and indexes keep
their names, so that workers of the release before go on beside it."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import migrations, models


RESOLUTIONS = [
    ("", "—"),
    ("late", "The answer came late"),
    ("spool", "The answer was kept on disk"),
    ("named", "The number in its own answer, which the provider knows"),
    ("listing", "The provider's own list of orders"),
    ("probe", "The one id of ours after the last known one"),
    ("match", "The only way several ids fit several orders"),
    ("bracket", "No id of ours between the orders before and after"),
    ("repeat", "Idempotent replay"),
    ("taught", "Staff said what the provider's words mean"),
    ("person", "A person decided"),
]


def renamed(model: str, old: str, new: str, field: models.Field[Any, Any]) -> list[Any]:
    """The field of the model alone: its column keeps its name."""
    return [migrations.AlterField(model, old, field), migrations.RenameField(model, old, new)]


def form_key(**more: Any) -> models.UUIDField[Any, Any]:
    return models.UUIDField(db_column="submission", editable=False, unique=True, **more)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0028_held_by_staff"),
        ("providers", "0016_finding_levels"),
    ]

    operations = [
        *renamed("order", "submission", "form_key", form_key(default=uuid.uuid4)),
        *renamed("batchline", "submission", "form_key", form_key()),
        *renamed("bulkjob", "submission", "form_key", form_key()),
        *renamed(
            "recovery",
            "repeats_are_safe",
            "replays_are_safe",
            models.BooleanField(
                "a replay with the same idempotency key is answered with the first order",
                default=False,
                db_column="repeats_are_safe",
            ),
        ),
        *renamed(
            "recovery",
            "repeats_promised_for",
            "replays_promised_for",
            models.CharField(
                max_length=400,
                blank=True,
                default="",
                editable=False,
                db_column="repeats_promised_for",
            ),
        ),
        *renamed(
            "attempt",
            "bracketed_at",
            "range_closed_at",
            models.DateTimeField(null=True, blank=True, db_column="bracketed_at"),
        ),
        migrations.AlterModelTable("Case", "orders_case"),
        migrations.RenameModel("Case", "Discrepancy"),
        *(
            migrations.AlterField(
                "discrepancy",
                name,
                models.ForeignKey(to, models.PROTECT, related_name="discrepancies"),
            )
            for name, to in (("provider", "providers.provider"), ("statement", "orders.statement"))
        ),
        migrations.AlterField(
            "attempt",
            "resolution",
            models.CharField(
                max_length=10,
                blank=True,
                default="",
                choices=RESOLUTIONS,
            ),
        ),
        migrations.AlterField(
            "requestcall",
            "write",
            models.CharField(
                max_length=10,
                choices=[
                    ("add", "Order"),
                    ("refill", "Refill"),
                    ("cancel", "Cancel"),
                    ("replay", "Idempotent replay of an order"),
                ],
            ),
        ),
    ]
