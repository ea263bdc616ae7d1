"""What the desk may do about lost answers at one account, and what it knows of its ids."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from core import clocks
from core.money import MoneyField
from providers.models import Provider
from providers.panel_api import Dialect


class Recovery(models.Model):
    """One row an account: the rules staff have set and the newest calibration.

    `calibration` is `{"adds": int, "largest_gap": int, "rises": bool, "own_answers": bool,
    "foreign_errors": bool, "words": str}`. `stopped_because` is why the desk has switched its
    own search off; a person switches it on again. `replays_promised_for` is the address and the
    parameter for which an admin has said that replays are safe.
    """

    provider = models.OneToOneField(
        Provider, models.CASCADE, related_name="recovery", primary_key=True
    )
    enabled = models.BooleanField("look for lost orders by asking for ids", default=True)
    key_is_ours_alone = models.BooleanField(
        "nothing but this desk orders with this key", default=False
    )
    replays_are_safe = models.BooleanField(
        "a replay with the same idempotency key is answered with the first order",
        default=False,
        db_column="repeats_are_safe",
    )
    replays_promised_for = models.CharField(
        max_length=400, blank=True, default="", editable=False, db_column="repeats_promised_for"
    )
    least_adds = models.PositiveIntegerField(
        "orders in a row with rising ids",
        default=50,
        validators=[MinValueValidator(5), MaxValueValidator(10_000)],
    )
    grace_seconds = models.PositiveIntegerField(
        "seconds after which an order can no longer appear there",
        default=clocks.NOT_PLACED_GRACE_SECONDS,
        validators=[MinValueValidator(5), MaxValueValidator(86_400)],
    )
    calls_per_hour = models.PositiveIntegerField(
        "calls an hour for looking",
        default=240,
        validators=[MinValueValidator(0), MaxValueValidator(100_000)],
    )
    lost_in_a_row = models.PositiveSmallIntegerField(
        "lost answers in ten minutes that stop all sending there",
        default=3,
        validators=[MaxValueValidator(1000)],
    )
    lost_amount = MoneyField(
        "money in lost answers that stops all sending there", null=True, blank=True
    )
    two_people_above = MoneyField(
        "“not placed” takes a second person from this cost on", null=True, blank=True
    )

    calibration: models.JSONField[Any, Any] = models.JSONField(
        default=dict, blank=True, editable=False
    )
    calibrated_at = models.DateTimeField(null=True, blank=True, editable=False)
    stopped_because = models.CharField(max_length=300, blank=True, default="", editable=False)
    calls_made = models.PositiveIntegerField(default=0, editable=False)
    calls_since = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "recoveries"

    def __str__(self) -> str:
        return f"recovery at {self.provider_id}"

    @property
    def is_calibrated(self) -> bool:
        """All that a search by ids stands on has been seen to hold."""
        seen = self.calibration
        return bool(seen.get("rises") and seen.get("own_answers") and seen.get("foreign_errors"))

    def promise_replays(self, provider: Provider) -> None:
        """As an admin has just said, of the parameter and the address as they are now."""
        self.replays_promised_for = _what_replays_rest_on(provider) if self.replays_are_safe else ""

    def promises_replays(self, provider: Provider) -> bool:
        """The promise still is about this parameter at this address."""
        rests_on = _what_replays_rest_on(provider)
        return self.replays_are_safe and bool(rests_on) and self.replays_promised_for == rests_on

    @property
    def searches(self) -> bool:
        """The desk looks for lost orders here by itself."""
        consent = self.enabled and self.key_is_ours_alone and not self.stopped_because
        return consent and self.is_calibrated


def _what_replays_rest_on(provider: Provider) -> str:
    """Empty where no id of ours goes along."""
    name = Dialect.from_profile(provider.dialect).idempotency_parameter
    return f"{name} at {provider.url}" if name else ""
