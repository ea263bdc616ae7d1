"""Money an order took from its account's balance, or gave back: added to, never edited."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from core.money import MoneyField
from core.rows.append_only import AppendOnly
from providers.models import Provider


class ChargeEntry(AppendOnly):
    """One movement of the balance that an order explains. `amount` is what was paid; below zero
    it was given back.

    Nobody tells us when money moves, only afterwards that it has: it was between `at_low` and
    `at_high`. There are none for what orders of an older desk had paid before it kept them.
    """

    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="charge_entries")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+", db_index=False)
    amount = MoneyField()
    at_low = models.DateTimeField()
    at_high = models.DateTimeField()

    told_as = "Charges are"

    class Meta:
        verbose_name_plural = "charge entries"
        constraints = [
            models.CheckConstraint(
                condition=Q(at_low__lte=F("at_high")), name="charge_begins_before_it_ends"
            ),
        ]
        indexes = [models.Index(fields=["provider", "at_high"], name="charge_by_time")]

    def __str__(self) -> str:
        return f"{self.amount} for order {self.order_id}"
