"""One account at one upstream panel, its balance readings and what its connection checks found."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import OuterRef, Q, Subquery

from core import clocks
from core.encryption import EncryptedTextField
from core.models import User
from core.money import MoneyField
from core.texts import LONGEST_TEXT

from ..sandbox_address import SandboxScope, is_sandbox_address, scope_of

if TYPE_CHECKING:
    from .health import ProviderHealth


def minutes_in(text: str) -> tuple[int, ...]:
    """The numbers of a comma list, each once, rising. Raises ValueError for anything else."""
    return tuple(sorted({int(part) for part in text.split(",")})) if text else ()


class ProviderState(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"  # nothing is sent; what is open is still followed


class RefundStyle(models.TextChoices):
    """What a provider does with the money of what it did not deliver."""

    UNKNOWN = "", "Not known yet"
    LOWERED = "lowered", "The charge is lowered"
    APART = "apart", "The charge stays, the refund comes apart"


class ProviderQuerySet(models.QuerySet["Provider"]):
    def active(self) -> ProviderQuerySet:
        return self.filter(state=ProviderState.ACTIVE)

    def with_key(self) -> ProviderQuerySet:
        """Those that can be called at all."""
        return self.exclude(key_ciphertext="")

    def sandbox_scope(self) -> SandboxScope:
        """Asks nothing where this desk has no sandbox."""
        if not settings.SANDBOX_URL:
            return SandboxScope.NONE
        return scope_of(self.order_by().values_list("url", flat=True))

    def for_list(self) -> ProviderQuerySet:
        return self.select_related("health").order_by("name", "pk")

    def with_newest_run(self) -> ProviderQuerySet:
        """Adds `run_id`, `run_state` and `run_at` of the newest catalog run."""
        runs = apps.get_model("providers", "CatalogRun").objects.newest_first()
        runs = runs.filter(provider=OuterRef("pk"))
        return self.annotate(
            run_id=Subquery(runs.values("pk")[:1]),
            run_state=Subquery(runs.values("state")[:1]),
            run_at=Subquery(runs.values("started_at")[:1]),
        )


class Provider(models.Model):
    """One account. Two accounts at the same panel are two rows.

    `version` rises with every change of address or key, so that a send prepared for the old
    one is refused. `moved_at` stands from a change of address until a catalog from there is
    applied: till then nobody knows what our services are there, and nothing is ordered.
    `here_since` is the newest change of address or key: balances read before it are of another
    account; none where it was not written down yet.
    `upstream` is equal for rows of one server and key, which are refused now;
    `is_allowed_twin` marks the later ones of those there were before. `refund_evidence` is what
    ended orders and balances show of `refund_style`, written by the reconciliation;
    `refunds_booked_as` is the style that all ended orders are booked by. Balance columns repeat
    the newest `BalanceReading`; `balance_error` is why there is no newer one.
    """

    name = models.CharField(max_length=80, unique=True)
    url = models.URLField("address", max_length=300)
    key_ciphertext = EncryptedTextField(blank=True, default="", editable=False)
    key_last4 = models.CharField(max_length=4, blank=True, default="", editable=False)
    key_fingerprint = models.CharField(max_length=16, blank=True, default="", editable=False)
    upstream = models.CharField(max_length=64, blank=True, default="", editable=False)
    is_allowed_twin = models.BooleanField(default=False, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    moved_at = models.DateTimeField(null=True, blank=True, editable=False)
    here_since = models.DateTimeField(null=True, blank=True, editable=False)

    state = models.CharField(
        max_length=10, choices=ProviderState.choices, default=ProviderState.ACTIVE
    )
    paused_reason = models.CharField(max_length=300, blank=True, default="")
    currency = models.CharField(max_length=8, blank=True, default="USD")
    notes = models.TextField(blank=True, default="", max_length=4000)

    calls_per_minute = models.PositiveIntegerField(
        "calls a minute", default=50, validators=[MinValueValidator(1), MaxValueValidator(60_000)]
    )
    add_spacing_ms = models.PositiveIntegerField(
        "pause between orders, ms", default=1000, validators=[MaxValueValidator(600_000)]
    )
    batch_size = models.PositiveSmallIntegerField(
        "orders in one status call",
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    catalog_every_hours = models.PositiveSmallIntegerField(
        "hours between catalogs",
        default=clocks.CATALOG_EVERY_HOURS,
        validators=[MinValueValidator(1), MaxValueValidator(720)],
    )
    delays = models.CharField(
        "delays of subscriptions, minutes", max_length=300, blank=True, default=""
    )
    intervals = models.CharField(
        "intervals of drip-feeds, minutes", max_length=300, blank=True, default=""
    )
    low_balance = MoneyField("warn below", null=True, blank=True)
    refund_style = models.CharField(
        "refunds",
        max_length=8,
        choices=RefundStyle.choices,
        blank=True,
        default=RefundStyle.UNKNOWN,
    )
    refunds_booked_as = models.CharField(max_length=8, blank=True, default="", editable=False)
    refund_evidence = models.JSONField(default=dict, blank=True, editable=False)

    dialect = models.JSONField(default=dict, blank=True, editable=False)
    balance = MoneyField(null=True, blank=True, editable=False)
    balance_currency = models.CharField(max_length=8, blank=True, default="", editable=False)
    balance_at = models.DateTimeField(null=True, blank=True, editable=False)
    balance_error = models.CharField(max_length=300, blank=True, default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProviderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["upstream"],
                condition=Q(is_allowed_twin=False) & ~Q(upstream=""),
                name="one_row_per_account_upstream",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ProviderState.values), name="provider_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(refund_style__in=RefundStyle.values), name="refund_style_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.state == ProviderState.ACTIVE

    @property
    def has_key(self) -> bool:
        return bool(self.key_ciphertext)

    @property
    def is_sandbox(self) -> bool:
        """It is the sandbox that comes with the desk, where no real money is spent."""
        return is_sandbox_address(self.url)

    @property
    def health_or_none(self) -> ProviderHealth | None:
        """Its health row, which a provider made outside the pages may lack."""
        return getattr(self, "health", None)

    def remember(
        self, text: str, *, now: datetime, actor: User | None = None, phrase: str = ""
    ) -> None:
        """Add a line to the account's history; `phrase` is the refusal phrase it adds."""
        self.events.create(at=now, actor=actor, text=text[:LONGEST_TEXT], phrase=phrase)

    def allowed_minutes(self, column: str) -> tuple[int, ...]:
        """The numbers in `delays` or `intervals`; none: whatever the protocol allows."""
        return minutes_in(getattr(self, column))

    @property
    def is_low(self) -> bool:
        return (
            self.low_balance is not None
            and self.balance is not None
            and self.balance < self.low_balance
        )

    @property
    def currency_differs(self) -> bool:
        """The provider calls its balance by another currency than staff have set."""
        return bool(
            self.currency
            and self.balance_currency
            and self.balance_currency.casefold() != self.currency.casefold()
        )


class BalanceReading(models.Model):
    """Every balance ever read, oldest evidence for reconciliation."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="balance_readings")
    amount = MoneyField()
    currency = models.CharField(max_length=8, blank=True, default="")
    read_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["provider", "-read_at"], name="reading_newest")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}".strip()


class ConnectionReport(models.Model):
    """One connection check. `findings` is a list of
    `{"topic": str, "level": "ok" | "warn" | "fail", "words": str, "detail": str}`.

    While `ended_at` is None it still runs, and `step` says what it is asking. `with_empty_order`:
    it sends an order of nothing as well, which buys nothing, to hear what an order must carry.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="connection_reports")
    findings: models.JSONField[Any, Any] = models.JSONField(default=list)
    services_seen = models.PositiveIntegerField(default=0)
    run_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    step = models.CharField(max_length=80, blank=True, default="")
    run_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    with_empty_order = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["provider", "-run_at"], name="connection_report_newest")]

    def __str__(self) -> str:
        return f"{self.provider} · {self.run_at:%Y-%m-%d %H:%M}"
