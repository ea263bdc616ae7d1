"""What providers offer, and every difference ever seen in it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.db import models

from core.money import MoneyField

from ..panel_api.order_types.table import PAYLOADS
from .provider import Provider


class ServiceQuerySet(models.QuerySet["Service"]):
    def offered(self) -> ServiceQuerySet:
        return self.filter(gone_at=None)

    def gone(self) -> ServiceQuerySet:
        return self.exclude(gone_at=None)

    def orderable(self) -> ServiceQuerySet:
        """Offered, of a type we have a form for, with a price, at a provider that is active."""
        return self.offered().exclude(type="").exclude(rate=None).filter(provider__state="active")

    def for_list(self) -> ServiceQuerySet:
        """Everything a row of a list shows, in one query."""
        return self.select_related("provider").defer("description", "search_text")

    def matching(self, words: str) -> ServiceQuerySet:
        """Every word stands somewhere in name, category or id, whatever its case."""
        found = self
        for word in words.casefold().split()[:8]:
            found = found.filter(search_text__contains=word)
        return found

    def best(self, words: str, limit: int) -> list[Service]:
        """The first that match; before the others those whose id is just that."""
        fitting = self.matching(words).order_by("category", "id")
        named = list(fitting.filter(external_id__iexact=words.strip())[:limit])
        others = fitting.exclude(pk__in=[service.pk for service in named])
        return [*named, *others[: limit - len(named)]]


class Service(models.Model):
    """One service of one account, as last published. Never deleted: orders point at it.

    `type` is our name of the order type (empty: unknown, not orderable), `published_type` the
    provider's spelling. `rate` is per 1000 units, or per package, in the account's currency.
    """

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="services")
    external_id = models.CharField(max_length=64)
    name = models.CharField(max_length=500)
    category = models.CharField(max_length=300, blank=True, default="")
    published_type = models.CharField(max_length=80, blank=True, default="")
    type = models.CharField(max_length=40, blank=True, default="")
    chosen_type = models.CharField(max_length=40, blank=True, default="")  # by staff; it wins
    rate = MoneyField(null=True, blank=True)
    min = models.BigIntegerField(null=True, blank=True)
    max = models.BigIntegerField(null=True, blank=True)
    refill = models.BooleanField(null=True, blank=True)
    cancel = models.BooleanField(null=True, blank=True)
    dripfeed = models.BooleanField(null=True, blank=True)
    average_time = models.CharField(max_length=120, blank=True, default="")
    search_text = models.TextField(editable=False, default="")
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)
    description = models.TextField(blank=True, default="")  # last: a long one slows what follows

    objects = ServiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "external_id"], name="service_id_once_per_provider"
            ),
        ]
        indexes = [
            models.Index(fields=["provider", "category", "id"], name="service_by_category"),
            models.Index(fields=["category", "id"], name="service_in_order"),
            models.Index(fields=["rate", "id"], name="service_by_price"),
            models.Index(fields=["provider", "rate", "id"], name="service_by_rate"),
            models.Index(
                fields=["provider"], condition=models.Q(gone_at=None), name="service_offered"
            ),
            models.Index(fields=["type", "id"], name="service_by_type"),
        ]

    def __str__(self) -> str:
        return f"{self.external_id} · {self.name}"

    @property
    def is_offered(self) -> bool:
        return self.gone_at is None

    @property
    def is_orderable(self) -> bool:
        """We have a form for its type and know its price; the provider may still be paused."""
        return self.is_offered and bool(self.type) and self.rate is not None

    @property
    def is_priced_per_package(self) -> bool:
        payload = PAYLOADS.get(self.type)
        return payload is not None and payload.priced_per_package

    @staticmethod
    def search_text_of(external_id: str, name: str, category: str) -> str:
        """What `matching` looks in."""
        return f"{external_id} {name} {category}".casefold()


class RunState(models.TextChoices):
    RUNNING = "running", "Running"
    APPLIED = "applied", "Applied"
    HELD = "held", "Waiting for a person"
    REFUSED = "refused", "Refused by a person"
    FAILED = "failed", "Failed"
    SUPERSEDED = "superseded", "Overtaken by a newer run"


class CatalogRunQuerySet(models.QuerySet["CatalogRun"]):
    def running(self) -> CatalogRunQuerySet:
        return self.filter(state=RunState.RUNNING)

    def held(self) -> CatalogRunQuerySet:
        """Waiting for a person."""
        return self.filter(state=RunState.HELD)

    def newest_first(self) -> CatalogRunQuerySet:
        return self.order_by("-started_at", "-pk")


class CatalogRun(models.Model):
    """One fetch of a provider's catalog and what became of it.

    `held_catalog` is the zlib-compressed JSON of the items of a held run, so that applying it
    applies exactly what staff were shown. `held_because` says why it was held. A running run with a
    held catalog is being applied; one without is to be fetched.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="catalog_runs")
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    step = models.CharField(max_length=80, blank=True, default="")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    back = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)
    unreadable_samples: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    held_because = models.CharField(max_length=300, blank=True, default="")
    error = models.CharField(max_length=300, blank=True, default="")
    held_catalog = models.BinaryField(null=True, blank=True)

    objects = CatalogRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider"],
                condition=models.Q(state=RunState.RUNNING),
                name="one_run_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["provider", "-started_at"], name="run_newest"),
            models.Index(
                fields=["started_at"],
                condition=models.Q(state=RunState.HELD),
                name="run_waits_for_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} · {self.started_at:%Y-%m-%d %H:%M} · {self.state}"

    @property
    def shown(self) -> str:
        """Which one it is, as its buttons carry it: a database that is put back gives its number to
        another. What a held one would change stays as it is until it is decided."""
        return f"{self.provider_id}-{self.started_at.timestamp()}"

    @property
    def is_running(self) -> bool:
        return self.state == RunState.RUNNING

    @property
    def is_held(self) -> bool:
        return self.state == RunState.HELD


class ChangeKind(models.TextChoices):
    NEW = "new", "New"
    RATE = "rate", "Price"
    MIN = "min", "Minimum"
    MAX = "max", "Maximum"
    NAME = "name", "Name"
    CATEGORY = "category", "Category"
    TYPE = "type", "Type"
    REFILL = "refill", "Refill"
    CANCEL = "cancel", "Cancel"
    DRIPFEED = "dripfeed", "Drip-feed"
    DESCRIPTION = "description", "Description"
    AVERAGE_TIME = "average_time", "Average time"
    GONE = "gone", "Gone"
    BACK = "back", "Back"


class ServiceChange(models.Model):
    """One difference of one service between two catalogs, kept for good.

    `before` and `after` are in words; of a service that is new, gone or back, its price.
    """

    service = models.ForeignKey(Service, models.CASCADE, related_name="changes")
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+")
    run = models.ForeignKey(CatalogRun, models.SET_NULL, null=True, related_name="changes")
    kind = models.CharField(max_length=12, choices=ChangeKind.choices)
    before = models.TextField(blank=True, default="")
    after = models.TextField(blank=True, default="")
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["service", "-id"], name="change_of_service"),
            models.Index(fields=["provider", "-id"], name="change_of_provider"),
            models.Index(fields=["kind", "-id"], name="change_of_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.before} → {self.after}"

    @property
    def percent(self) -> str:
        """How much a price moved; empty for other changes."""
        return percent_between(self.before, self.after) if self.kind == ChangeKind.RATE else ""

    @property
    def price_before(self) -> Decimal | None:
        return _price(self.before) if self.has_prices else None

    @property
    def price_after(self) -> Decimal | None:
        return _price(self.after) if self.has_prices else None

    @property
    def has_prices(self) -> bool:
        """`before` and `after` are prices."""
        return self.kind in (ChangeKind.RATE, ChangeKind.NEW, ChangeKind.GONE, ChangeKind.BACK)

    @property
    def colour(self) -> str:
        if self.kind == ChangeKind.RATE:
            return "red" if self.percent.startswith("+") else "green"
        return {ChangeKind.GONE: "orange", ChangeKind.NEW: "blue", ChangeKind.BACK: "blue"}.get(
            ChangeKind(self.kind), "secondary"
        )


def _price(said: str) -> Decimal | None:
    """A price as it is kept in words; None for none, and for what is no amount."""
    try:
        amount = Decimal(said)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def percent_between(before: str, after: str) -> str:
    """`+12.5 %` between two amounts as text; empty where there is nothing to compare with."""
    try:
        old, new = Decimal(before), Decimal(after)
    except InvalidOperation:
        return ""
    if not old:
        return ""
    return f"{(new - old) / old:+.1%}".replace("%", " %").replace("-", "−")
