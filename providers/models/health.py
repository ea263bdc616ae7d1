"""How an account is doing and who may call it now. Hot, narrow rows apart from the settings."""

from __future__ import annotations

from django.db import models

from core.rows.leases import Leased

from .provider import Provider


class ProviderHealth(models.Model):
    """One row an account. Written by every call, so kept away from `Provider`.

    The call bucket of the account is one moment: `booked_until` is when every call given out so
    far, orders too, would have ended, had each waited for its turn. The turns come at
    `Provider.calls_per_minute` times `pace`; `pace` halves when the provider asks for fewer calls
    and grows back slowly. `adds_booked_until` is the same for the share of it that orders have.
    `open_until` is the breaker after calls that failed; once it has passed, `probe_until` lets a
    single call try.
    """

    provider = models.OneToOneField(
        Provider, models.CASCADE, related_name="health", primary_key=True
    )
    booked_until = models.DateTimeField(null=True)
    adds_booked_until = models.DateTimeField(null=True)
    pace = models.FloatField(default=1.0)
    slow_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True)
    probe_until = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    last_error_at = models.DateTimeField(null=True)
    key_refused_at = models.DateTimeField(null=True)
    key_unreadable_at = models.DateTimeField(null=True)  # by the worker's encryption keys
    next_add_at = models.DateTimeField(null=True)
    funds_refused_at = models.DateTimeField(null=True)  # until a balance is read that pays again
    eased_until = models.DateTimeField(null=True)  # after an incident: orders go out far apart
    latency_ms = models.FloatField(null=True)  # moving average of answered calls

    def __str__(self) -> str:
        return f"health of {self.provider_id}"


class LeaseKind(models.TextChoices):
    PLACING = "placing"
    POLLING = "following", "Following"  # the word of older rows
    BALANCE = "balance"
    CATALOG = "catalog"
    REQUESTS = "requests"  # sending refills and cancels
    REFILLS = "refills"  # asking how refills are going
    RECOVERY = "recovery"  # looking for orders whose answer was lost
    ENDED = "ended"  # asking once more about orders that have ended


class Lease(Leased):
    """The lease under which one worker works for one account: one lease a kind, one holder."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="leases")
    kind = models.CharField(max_length=10, choices=LeaseKind.choices)
    due_at = models.DateTimeField(null=True)  # when this kind of work is next wanted

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "kind"], name="one_lease_of_a_kind"),
        ]
        indexes = [models.Index(fields=["kind", "due_at"], name="lease_due")]

    def __str__(self) -> str:
        return f"{self.kind} lease of {self.provider_id}"
