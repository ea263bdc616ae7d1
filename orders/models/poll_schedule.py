"""Which orders are still to be asked about, and when: one narrow row an open order. And how far
the ended ones of an account have been asked about once more."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from providers.models import Provider


class PollScheduleQuerySet(models.QuerySet["PollSchedule"]):
    def due(self, by: datetime) -> PollScheduleQuerySet:
        return self.filter(next_at__lte=by)


class PollSchedule(models.Model):
    """Deleted when its order has ended. Scheduling never touches the wide order row."""

    order = models.OneToOneField(
        "orders.Order", models.CASCADE, related_name="poll_schedule", primary_key=True
    )
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=64)
    next_at = models.DateTimeField()
    changed_at = models.DateTimeField()  # when the provider last said something new
    failures = models.PositiveSmallIntegerField(default=0)
    batch_cap = models.PositiveSmallIntegerField(default=0)  # after a spoiled batch; 0: none
    checked_at = models.DateTimeField(null=True)  # when it last answered anything
    looked_at = models.DateTimeField(null=True)  # when it was asked what it last answered readably
    last_answer = models.CharField(max_length=16, blank=True, default="")  # a digest of it

    objects = PollScheduleQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["provider", "next_at"], name="poll_schedule_due")]

    def __str__(self) -> str:
        return f"schedule of order {self.order_id}"


class Recheck(models.Model):
    """All that ended before `through_at` have been, and of those that ended just then the ones up
    to the order `through_order`. What had ended before the account had this row is left alone."""

    provider = models.OneToOneField(
        Provider, models.CASCADE, related_name="recheck", primary_key=True
    )
    through_at = models.DateTimeField()
    through_order = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"account {self.provider_id}: {self.through_at:%Y-%m-%d %H:%M}"
