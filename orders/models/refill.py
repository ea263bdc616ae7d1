"""A refill that staff asked for, from the wish to the provider's last word."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from providers.models import Provider

from ..status import OPEN_REFILLS, RefillStatus


class Refill(models.Model):
    """One refill of one order. `due_at` is when the next step is wanted: sending, or asking.

    `requests` counts sends; one whose answer was lost stays `unconfirmed` and is never re-sent
    by itself.
    """

    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="refills")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    status = models.CharField(
        max_length=12, choices=RefillStatus.choices, default=RefillStatus.QUEUED
    )
    external_id = models.CharField(max_length=64, blank=True, default="")
    raw_status = models.CharField(max_length=80, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    code = models.CharField(max_length=20, blank=True, default="")
    requests = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status__in=sorted(OPEN_REFILLS)),
                name="one_open_refill_per_order",
            ),
        ]
        indexes = [models.Index(fields=["provider", "status", "due_at"], name="refill_due")]

    def __str__(self) -> str:
        return f"refill of order {self.order_id}: {self.status}"
