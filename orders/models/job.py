"""One thing done to many orders, in the background, with a result for each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models

from core import clocks
from core.models import User
from core.rows.leases import Leased, is_free

from ..status import UNDER_WAY, JobKind, JobState


class BulkJobQuerySet(models.QuerySet["BulkJob"]):
    def free_to_run(self, now: datetime) -> BulkJobQuerySet:
        """Not ended, and no worker holds it, or the one that did is past its time."""
        return self.filter(is_free(now, clocks.JOB_LEASE_SECONDS), state__in=UNDER_WAY)

    def seen_by(self, person: User, *, sees_all: bool) -> BulkJobQuerySet:
        return self if sees_all else self.filter(started_by=person)


class BulkJob(Leased):
    """The orders are fixed as `BulkItem` rows when staff confirm. `terms` are what the action
    needs beside the orders (the text of a note, say)."""

    kind = models.CharField(max_length=10, choices=JobKind.choices)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.WAITING)
    terms: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    form_key = models.UUIDField(unique=True, editable=False, db_column="submission")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    objects = BulkJobQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "id"], name="job_to_run")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.total}"

    @property
    def shown(self) -> str:
        """Which one it is, as its button carries it: a database that is put back gives its number
        to another."""
        return self.form_key.hex

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def handled(self) -> int:
        """Orders that have had their turn, whatever came of it."""
        return self.done + self.failed

    @property
    def is_for_nothing(self) -> bool:
        """It ended, and was done for none of its orders."""
        return bool(self.state == JobState.DONE and self.failed and not self.done)

    @property
    def is_partly(self) -> bool:
        """It ended, and left some orders as they were that its confirmation had not named."""
        return bool(self.state == JobState.DONE and self.not_done and self.done)

    @property
    def left_as_told(self) -> int:
        """Left as they were, as the confirmation had said."""
        return int(self.terms.get("left_as_told", 0))

    @property
    def wanted(self) -> int:
        """For how many it was to be done."""
        return self.total - self.left_as_told

    @property
    def not_done(self) -> int:
        return max(0, self.failed - self.left_as_told)

    @property
    def left(self) -> int:
        return max(0, self.total - self.handled)


class BulkItem(models.Model):
    """One order of a job. `ok` is None until its turn; `words` say what happened to it."""

    job = models.ForeignKey(BulkJob, models.CASCADE, related_name="items")
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="+")
    made = models.ForeignKey("orders.Order", models.PROTECT, null=True, related_name="+")
    ok = models.BooleanField(null=True)
    words = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "order"], name="order_once_per_job"),
        ]
        indexes = [models.Index(fields=["job", "ok", "id"], name="item_to_do")]

    def __str__(self) -> str:
        return f"order {self.order_id} of job {self.job_id}"
