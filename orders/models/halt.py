"""What keeps orders from being sent, account by account or everywhere, and who lifted it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.texts import LONGEST_TEXT
from providers.identity import rows_of
from providers.models import Provider

from ..status import HaltKind, Write

MOST_SHOWN = 5


class HaltQuerySet(models.QuerySet["Halt"]):
    def standing(self) -> HaltQuerySet:
        return self.filter(lifted_at=None)

    def for_provider(self, provider_id: int) -> HaltQuerySet:
        """Those in front of this account, whatever its rows, and those in front of all."""
        return self.for_rows(rows_of(provider_id))

    def for_rows(self, rows: list[int]) -> HaltQuerySet:
        return self.filter(Q(provider=None) | Q(provider__in=rows))

    def against(self, write: Write, rows: list[int]) -> HaltQuerySet:
        """What keeps this write from the account of these rows."""
        return self.standing().for_rows(rows).holding(write)

    def holding(self, write: Write) -> HaltQuerySet:
        """Those that hold this kind of write. A lost order holds the next one alone, because the
        search for it goes by the numbers of orders; a stop may let cancels through."""
        if write is Write.ADD:
            return self
        held = self.exclude(kind=HaltKind.ANSWER_LOST)
        return held.exclude(lets_cancels=True) if write is Write.CANCEL else held

    def for_banner(self) -> HaltQuerySet:
        """What everybody should know of; looking for one lost order is business as usual."""
        wide = self.standing().exclude(kind=HaltKind.ANSWER_LOST).select_related("provider")
        return wide.order_by("kind", "pk")[:MOST_SHOWN]

    def newest_first(self) -> HaltQuerySet:
        return self.order_by("-pk")


class Halt(models.Model):
    """While a row with `lifted_at=None` stands before an account, no write that it `holds` leaves.

    `provider` None stands before all accounts. Without `placed_by` the desk placed it itself.
    `lets_cancels` is what a person has said: cancels go through all the same. Rows are kept: they
    are the history of every stop. `..._through` of a restored database are the newest that stood in
    it; the stop of a release before this gets them later.
    """

    kind = models.CharField(max_length=12, choices=HaltKind.choices)
    provider = models.ForeignKey(
        Provider, models.CASCADE, null=True, blank=True, related_name="halts"
    )
    reason = models.CharField(max_length=LONGEST_TEXT, blank=True, default="")
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=LONGEST_TEXT, blank=True, default="")
    orders_through = models.BigIntegerField(null=True, editable=False)
    refills_through = models.BigIntegerField(null=True, editable=False)
    cancels_through = models.BigIntegerField(null=True, editable=False)
    lets_cancels = models.BooleanField("cancels go through", default=False)
    cancels_said_at = models.DateTimeField(null=True, blank=True)
    cancels_said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = HaltQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "provider"],
                condition=Q(lifted_at=None, provider__isnull=False),
                name="one_standing_halt_of_a_kind_per_provider",
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(lifted_at=None, provider=None),
                name="one_standing_halt_of_a_kind_for_all",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=HaltKind.values), name="halt_kind_is_known"
            ),
        ]
        indexes = [models.Index(fields=["provider", "-id"], name="halt_newest")]

    @property
    def shown(self) -> str:
        """What its buttons carry: a database that is put back gives its number to another stop."""
        return f"{self.kind}-{self.provider_id or 0}-{self.placed_at.timestamp()}"

    def holds(self, write: Write) -> bool:
        """As `HaltQuerySet.holding`, of a row that was read."""
        if write is Write.ADD:
            return True
        is_lost = self.kind == HaltKind.ANSWER_LOST
        return not is_lost and not (write is Write.CANCEL and self.lets_cancels)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reason}".rstrip(": ")
