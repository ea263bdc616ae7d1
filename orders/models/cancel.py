"""A cancellation that staff asked for. Only the order's own status says what became of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from providers.models import Provider

from ..status import OPEN_CANCELS, CancelStatus


class CancelRequest(models.Model):
    """One request to cancel one order at its provider. `due_at` is when to send it (again)."""

    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="cancel_requests")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    status = models.CharField(
        max_length=12, choices=CancelStatus.choices, default=CancelStatus.QUEUED
    )
    external_id = models.CharField(max_length=64, blank=True, default="")  # of the request
    reason = models.CharField(max_length=500, blank=True, default="")
    code = models.CharField(max_length=20, blank=True, default="")
    requests = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status__in=sorted(OPEN_CANCELS)),
                name="one_open_cancel_request_per_order",
            ),
        ]
        indexes = [models.Index(fields=["provider", "status", "due_at"], name="cancel_due")]

    def __str__(self) -> str:
        return f"cancel request of order {self.order_id}: {self.status}"
