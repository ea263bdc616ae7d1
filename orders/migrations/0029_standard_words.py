"""Names of today for rows of before."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import migrations, models
from django.db.models import Q


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


def form_key_of(model: str, **more: Any) -> list[Any]:
    """The field alone is renamed. Its column keeps the name under which the database tells two of
    one key apart, so nothing is done to the table."""
    column = models.UUIDField(db_column="submission", editable=False, unique=True, **more)
    return [
        migrations.AlterField(model, "submission", column),
        migrations.RenameField(model, "submission", "form_key"),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0028_held_by_staff"),
        ("providers", "0016_finding_levels"),
    ]

    operations = [
        *form_key_of("order", default=uuid.uuid4),
        *form_key_of("batchline"),
        *form_key_of("bulkjob"),
        migrations.RenameField("recovery", "repeats_are_safe", "replays_are_safe"),
        migrations.RenameField("recovery", "repeats_promised_for", "replays_promised_for"),
        migrations.AlterField(
            "recovery",
            "replays_are_safe",
            models.BooleanField(
                "a replay with the same idempotency key is answered with the first order",
                default=False,
            ),
        ),
        migrations.RemoveConstraint("case", "one_open_case_per_statement"),
        migrations.RemoveConstraint("case", "case_kind_known"),
        migrations.RenameModel("Case", "Discrepancy"),
        migrations.RenameIndex("discrepancy", old_name="case_open", new_name="discrepancy_open"),
        migrations.RenameIndex(
            "discrepancy", old_name="case_by_provider", new_name="discrepancy_by_provider"
        ),
        migrations.AddConstraint(
            "discrepancy",
            models.UniqueConstraint(
                fields=["statement"],
                condition=Q(closed_at=None),
                name="one_open_discrepancy_per_statement",
            ),
        ),
        migrations.AddConstraint(
            "discrepancy",
            models.CheckConstraint(
                condition=Q(kind__in=["missing", "surplus"]), name="discrepancy_kind_is_known"
            ),
        ),
        *(
            migrations.AlterField(
                "discrepancy",
                name,
                models.ForeignKey(to, models.PROTECT, related_name="discrepancies"),
            )
            for name, to in (("provider", "providers.provider"), ("statement", "orders.statement"))
        ),
        migrations.RenameField("attempt", "bracketed_at", "range_closed_at"),
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
