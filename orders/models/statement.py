"""What an account's balance did in a day and what explains it; and where that is not enough."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.money import MoneyField
from core.texts import LONGEST_TEXT
from providers.models import Provider


class StatementState(models.TextChoices):
    RUNNING = "running", "Day not over"
    FITS = "fits", "Explained"
    ADDED = "added", "Money was added"  # it rose by more than refunds explain
    DIFFERS = "differs", "Not explained"  # it fell by more than charges explain
    UNREAD = "unread", "Cannot be told"  # too few readings, or another currency


STATEMENT_COLORS: dict[str, str] = {
    StatementState.RUNNING: "secondary",
    StatementState.FITS: "green",
    StatementState.ADDED: "azure",
    StatementState.DIFFERS: "red",
    StatementState.UNREAD: "secondary",
}


class Statement(models.Model):
    """One account and one day of the desk's time zone, from the reading before the day began to
    the last one in it; each begins where the one before it ended, so nothing falls between two.

    `low` and `high` bound what the balance may have changed by, by what is known: charges, what
    was given back and what was put in. `added` is what was put in: as staff say, and where
    nobody has said, as much as the jumps of the balance show at least. `difference` is what lies
    outside of the bounds, below zero when money is missing.
    """

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="statements")
    day = models.DateField()
    opening = MoneyField()
    opening_at = models.DateTimeField()
    closing = MoneyField()
    closing_at = models.DateTimeField()
    currency = models.CharField(max_length=8, blank=True, default="")
    charged = MoneyField(default=0)
    refunded = MoneyField(default=0)
    added = MoneyField(default=0)
    low = MoneyField(default=0)
    high = MoneyField(default=0)
    difference = MoneyField(default=0)
    movements = models.PositiveIntegerField(default=0)  # charges and refunds that count
    unpriced = models.PositiveIntegerField(default=0)  # orders that may have cost nobody knows what
    state = models.CharField(
        max_length=10, choices=StatementState.choices, default=StatementState.RUNNING
    )
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "day"], name="one_statement_a_day_per_provider"
            ),
            models.CheckConstraint(
                condition=Q(state__in=StatementState.values), name="statement_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} on {self.day:%Y-%m-%d}"

    @property
    def actual(self) -> Decimal:
        """By how much the balance changed."""
        return Decimal(self.closing - self.opening)

    @property
    def is_exact(self) -> bool:
        """Everything that moved is known to the last digit, and when."""
        return bool(self.low == self.high)

    @property
    def color(self) -> str:
        return STATEMENT_COLORS[self.state]


class TopUp(models.Model):
    """Money that staff say was put in on that day. Added to, never edited: a slip is put right by
    another one, below zero."""

    statement = models.ForeignKey(Statement, models.PROTECT, related_name="top_ups")
    amount = MoneyField()
    note = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.amount}"


class DiscrepancyKind(models.TextChoices):
    MISSING = "missing", "Money is missing"
    SURPLUS = "surplus", "More came in than is known"


class DiscrepancyQuerySet(models.QuerySet["Discrepancy"]):
    def open(self) -> DiscrepancyQuerySet:
        return self.filter(closed_at=None)

    def closed(self) -> DiscrepancyQuerySet:
        return self.exclude(closed_at=None)

    def for_list(self) -> DiscrepancyQuerySet:
        return self.select_related("provider", "statement", "closed_by")


class Discrepancy(models.Model):
    """A difference that a person has to look at. Open while `closed_at` is None; closed without
    `closed_by` the desk found the explanation itself.

    `numbers` are the statement's at the time, amounts as text.
    """

    statement = models.ForeignKey(Statement, models.PROTECT, related_name="discrepancies")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="discrepancies")
    day = models.DateField()
    kind = models.CharField(max_length=8, choices=DiscrepancyKind.choices)
    words = models.CharField(max_length=LONGEST_TEXT)
    difference = MoneyField()
    numbers: models.JSONField[Any, Any] = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=LONGEST_TEXT, blank=True, default="")

    objects = DiscrepancyQuerySet.as_manager()

    class Meta:
        db_table = "orders_case"  # what an earlier release called it
        constraints = [
            models.UniqueConstraint(
                fields=["statement"],
                condition=Q(closed_at=None),
                name="one_open_case_per_statement",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=DiscrepancyKind.values), name="case_kind_known"
            ),
        ]
        indexes = [
            models.Index(fields=["-id"], condition=Q(closed_at=None), name="case_open"),
            models.Index(fields=["provider", "-id"], name="case_by_provider"),
        ]

    def __str__(self) -> str:
        return f"Discrepancy {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None
