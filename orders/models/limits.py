"""What the desk will not order, and how much each role may spend."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.money import MoneyField
from core.roles import Role


class BlockedLink(models.Model):
    """Links that contain `pattern` (`*` stands for anything, case does not matter)."""

    pattern = models.CharField(max_length=200, unique=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    added_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.pattern


class PriceTolerance(models.Model):
    """By how much a service may have become dearer since an order was placed, in percent of the
    price agreed to. One row; none stands for the default."""

    percent = models.DecimalField(max_digits=5, decimal_places=2)

    def __str__(self) -> str:
        return f"Price tolerance · {self.percent.normalize():f} %"


class SpendLimit(models.Model):
    """What a person of this role may spend, in one currency, for one order and in one day.

    None means no limit.
    """

    role = models.CharField(max_length=10, choices=[(role.value, role.value) for role in Role])
    currency = models.CharField(max_length=8)
    per_order = MoneyField(null=True, blank=True)
    per_day = MoneyField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["role", "currency"], name="one_limit_per_role"),
        ]

    def __str__(self) -> str:
        return f"{self.role} · {self.currency}"
