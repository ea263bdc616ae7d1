"""How far the ended orders of an account have been asked about once more."""

from __future__ import annotations

from django.db import models

from providers.models import Provider


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
