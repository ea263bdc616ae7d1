"""By what orders are found. None begins as another does: each is written with every order.

Of what few orders have, only those are in the index. One of all would tell the database that it
leads to most of them, which is so of those that have none.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ..status import Status

INDEXES = [
    models.Index(fields=["status", "-id"], name="order_by_status"),
    models.Index(fields=["provider", "-id"], name="order_by_provider"),
    models.Index(fields=["placed_by", "-id"], name="order_by_person"),
    models.Index(
        fields=["provider", "send_after", "id"],
        condition=Q(status=Status.QUEUED),
        name="order_to_send",
    ),
    models.Index(fields=["flag", "id"], name="order_by_flag"),
    models.Index(
        fields=["provider", "sent_at"],
        condition=Q(charge=None),
        name="order_without_charge",
    ),
    models.Index(fields=["provider", "sent_at"], name="order_by_sending"),
    models.Index(
        fields=["placed_by", "spend_day"],
        condition=Q(spend_day__isnull=False),
        name="order_by_spend_day",
    ),
    models.Index(fields=["ended_at"], name="order_by_end"),
    models.Index(fields=["provider", "ended_at", "id"], name="order_by_account_end"),
    models.Index(fields=["created_at"], name="order_by_creation"),
    models.Index(
        fields=["reference"],
        condition=~Q(reference=""),
        opclasses=["varchar_pattern_ops"],  # finds its start whatever the language of PostgreSQL
        name="order_by_start_of_reference",
    ),
    models.Index(fields=["tags"], condition=~Q(tags=""), name="order_by_tags"),
    models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="order_of_batch"),
]
