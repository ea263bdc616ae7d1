"""Many orders pasted at once: the lines as written, what is wrong with them, what they became."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from core import clocks
from core.money import MoneyField
from core.rows.leases import Leased, is_free


class BatchState(models.TextChoices):
    CHECKED = "checked", "Checked"  # a dry run: nothing is placed
    PLACING = "placing", "Placing"
    PLACED = "placed", "Placed"
    DISCARDED = "discarded", "Discarded"


class OrderBatchQuerySet(models.QuerySet["OrderBatch"]):
    def free_to_place(self, now: datetime) -> OrderBatchQuerySet:
        """Being placed, and no worker holds it, or the one that did is past its time."""
        return self.filter(is_free(now, clocks.JOB_LEASE_SECONDS), state=BatchState.PLACING)

    def same_as(self, batch: OrderBatch) -> OrderBatchQuerySet:
        """The row that was read as this one, not another that has its number since."""
        return self.filter(pk=batch.pk, created_at=batch.created_at)


class OrderBatch(Leased):
    """`digest` is of the normalised lines: the same paste twice is asked about. `provider` is
    the account of every line that names none. `known_gap` is the newest gap of a journal when a
    person last let it be placed (0: none), or None where a release before this did that."""

    provider = models.ForeignKey(
        "providers.Provider", models.PROTECT, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(max_length=10, choices=BatchState.choices, default=BatchState.CHECKED)
    digest = models.CharField(max_length=64, db_index=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    placed_at = models.DateTimeField(null=True, blank=True)
    known_gap = models.BigIntegerField(null=True, editable=False)
    total = models.PositiveIntegerField(default=0)
    good = models.PositiveIntegerField(default=0)
    placed = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0, db_default=0)

    objects = OrderBatchQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "id"], name="batch_to_place")]

    def __str__(self) -> str:
        return self.name or _("Mass order %s") % self.pk

    @property
    def shown(self) -> str:
        """Which one it is, as its buttons carry it: a database that is put back gives its number to
        another. The same for every state of it: *Withdraw* takes back what is there by then."""
        return f"{self.created_by_id}-{self.created_at.timestamp()}"

    @property
    def wrong(self) -> int:
        """Lines that have to be fixed before they can be placed."""
        return self.total - self.good - self.placed - self.left_out

    @property
    def is_partly(self) -> bool:
        """Some of its lines are orders, and others that nobody left out are not."""
        return self.state == BatchState.PLACED and bool(self.wrong or self.good)

    @property
    def is_idle(self) -> bool:
        """Nobody places it at the moment: its lines may be changed."""
        return self.state in (BatchState.CHECKED, BatchState.PLACED)


class BatchLine(models.Model):
    """One pasted line. `cells` are the fields as written; `problems` is a list of
    {"field": str, "words": str}; `warnings` is a list of words that do not stop it.

    `number` is where it starts in the paste. `is_meant` says that a person wants it although it
    repeats another line, or what its problems told of: `told_of` names it (`orders/repeats.py`).
    `is_left_out`: a person does not want it, whatever is found about it.
    `cost` is our highest estimate, the lowest one where there is no bound; `terms` are those of
    the service that the dry run showed.
    """

    batch = models.ForeignKey(OrderBatch, models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    cells: models.JSONField[Any, Any] = models.JSONField()
    service = models.ForeignKey("providers.Service", models.PROTECT, null=True, related_name="+")
    link_key = models.CharField(max_length=64, blank=True, default="")
    cost = MoneyField(null=True, blank=True)
    terms: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    is_meant = models.BooleanField(default=False)
    told_of = models.TextField(blank=True, default="", db_default="")
    is_left_out = models.BooleanField(default=False, db_default=False)
    form_key = models.UUIDField(unique=True, editable=False, db_column="submission")
    problems: models.JSONField[Any, Any] = models.JSONField(default=list)
    warnings: models.JSONField[Any, Any] = models.JSONField(default=list)
    is_good = models.BooleanField(default=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="line_once_per_batch"),
        ]
        indexes = [
            models.Index(fields=["batch", "is_good", "number"], name="line_of_batch"),
            models.Index(fields=["batch", "link_key"], name="line_by_link"),
        ]

    def __str__(self) -> str:
        return f"line {self.number} of batch {self.batch_id}"

    @property
    def address(self) -> str:
        """What the line is for, as it was written; may be empty."""
        return str(self.cells.get("link") or self.cells.get("username") or "")
