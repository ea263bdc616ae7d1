"""One order: what was wanted, and what the provider last said of it."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q

from core import clocks
from core.models import User
from core.money import MoneyField
from core.texts import LONGEST_TEXT
from providers.models import Provider, Service
from providers.panel_api.order_types.table import PAYLOADS

from ..status import (
    COSTS_NOTHING,
    FINAL,
    MOVES,
    NOT_SENT,
    OPEN,
    RESTING,
    THERE,
    Flag,
    HoldReason,
    Status,
)
from .delivered import Delivered
from .event import EventKind, OrderEvent, told_as_past
from .order_indexes import INDEXES
from .order_queries import OrderQueries
from .spend import recount

_COUNTED = frozenset({"charge", "refund", "estimate", "estimate_high"})


class OrderQuerySet(OrderQueries["Order"]):
    """The questions of `OrderQueries`, answered with orders."""


class Order(Delivered, models.Model):
    """The row is the queue. `status` moves by `move`; what a provider says of an order that it has
    is written for many at once (`polling.write_answers`).

    `payload` are the wire parameters beside key and action. `units` is what will be delivered in
    all, None where the type has no fixed quantity. Estimates are ours, before the provider's
    rounding; `charge` is the provider's, `refund` what came back beside it where a provider does
    not lower the charge (None: not booked). Amounts are in the provider account's currency. `terms`
    are those of the service that somebody agreed to (`orders.terms`), `rate` is their price.
    `spend_day` is the day it counts on against its person's limit: the one it is to leave on, and
    `spend_counted` what that day's sum has of it (`models.spend`).
    """

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="orders", db_index=False)
    service = models.ForeignKey(Service, models.PROTECT, related_name="orders")
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="orders", db_index=False
    )
    form_key = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, db_column="submission"
    )

    type = models.CharField(max_length=40)
    payload: models.JSONField[Any, Any] = models.JSONField()
    link = models.CharField(max_length=2048)
    link_key = models.CharField(max_length=64, db_index=True)
    units = models.BigIntegerField(null=True, blank=True)
    estimate = MoneyField(null=True, blank=True)
    estimate_high = MoneyField(null=True, blank=True)
    rate = MoneyField(null=True, blank=True)
    terms: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    spend_day = models.DateField(null=True, blank=True)
    spend_counted = MoneyField(null=True, editable=False)

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    hold_reason = models.CharField(
        max_length=16, choices=HoldReason.choices, blank=True, default=HoldReason.NONE
    )
    reason = models.CharField(max_length=LONGEST_TEXT, blank=True, default="")
    send_after = models.DateTimeField()
    not_sent_count = models.PositiveSmallIntegerField(default=0)

    external_id = models.CharField(max_length=64, blank=True, default="")
    charge = MoneyField(null=True, blank=True)
    refund = MoneyField(null=True, blank=True)
    start_count = models.BigIntegerField(null=True, blank=True)
    remains = models.BigIntegerField(null=True, blank=True)
    raw_status = models.CharField(max_length=80, blank=True, default="")
    flag = models.CharField(max_length=16, choices=Flag.choices, blank=True, default=Flag.NONE)

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    batch = models.ForeignKey(
        "orders.OrderBatch",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="orders",
        db_index=False,
    )
    blocked_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="blocks"
    )
    starts_at = models.DateTimeField(null=True, blank=True)
    parts_done = models.PositiveIntegerField(null=True, blank=True)  # runs, or posts served
    reference = models.CharField(max_length=80, blank=True, default="")
    note = models.CharField(max_length=LONGEST_TEXT, blank=True, default="")
    tags = models.CharField(max_length=200, blank=True, default="")  # " urgent spring "

    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "external_id"],
                condition=~Q(external_id=""),
                name="external_id_once_per_provider",
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="order_status_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=sorted(THERE), external_id=""),
                name="order_at_provider_has_external_id",
            ),
            models.CheckConstraint(
                condition=Q(units=None) | Q(units__gt=0), name="order_units_are_positive"
            ),
            models.CheckConstraint(
                condition=Q(charge=None) | Q(charge__gte=0), name="order_charge_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(refund=None) | Q(refund__gte=0, refund__lte=F("charge")),
                name="order_refund_is_within_charge",
            ),
        ]
        indexes = INDEXES

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def cost(self) -> Decimal | None:
        """What it has taken in the end; None while the provider has told no charge."""
        return None if self.charge is None else Decimal(self.charge - (self.refund or 0))

    @property
    def has_no_bound(self) -> bool:
        """The most it may cost has no limit, as that of a subscription without an end."""
        return self.estimate is not None and self.estimate_high is None

    @property
    def is_open(self) -> bool:
        """May change without anybody touching it; a lost one is looked for by the desk."""
        return self.status in OPEN

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_flagged(self) -> bool:
        return self.flag != Flag.NONE

    @property
    def seen_at(self) -> datetime:
        """As of when we know of it: the last status that could be read, or its last change."""
        schedule = getattr(self, "poll_schedule", None)
        return (schedule.looked_at if schedule else None) or self.changed_at

    @property
    def tag_words(self) -> list[str]:
        return self.tags.split()

    @property
    def may_be_withdrawn(self) -> bool:
        return self.status in NOT_SENT

    @property
    def service_name(self) -> str:
        """What the service was called when somebody agreed to its terms: providers rename them,
        and give their ids to other services. What a provider started by itself has no terms."""
        agreed = self.terms if isinstance(self.terms, dict) else {}
        return agreed.get("name") or self.service.name

    @property
    def is_priced_per_package(self) -> bool:
        payload = PAYLOADS.get(self.type)
        return payload is not None and payload.priced_per_package

    def move(
        self,
        to: Status,
        *,
        now: datetime,
        actor: User | None = None,
        text: str = "",
        evidence: dict[str, Any] | None = None,
        **changes: Any,
    ) -> bool:
        """Change status if, in the database, it is still what we last read, and held for the
        same reason.

        Writes the event in the same transaction. False: somebody else moved it first, and
        nothing was written. An impossible step raises ValueError.
        """
        before = Status(self.status)
        if to not in MOVES.get(before, ()):
            raise ValueError(f"{before} orders do not become {to}")
        changes.setdefault("ended_at", now if to in FINAL else None)
        changes.setdefault("hold_reason", HoldReason.NONE)
        changes.setdefault("blocked_by", None)
        if before in RESTING and to == Status.QUEUED:
            changes.setdefault("reason", told_as_past(self.reason, now))
        changes.update(status=to, changed_at=now)
        with transaction.atomic():
            mine = Order.objects.filter(pk=self.pk, status=before, hold_reason=self.hold_reason)
            if not mine.update(**changes):
                return False
            self._recount(before, to, changes, now)
            self.remember(
                EventKind.MOVED,
                now=now,
                actor=actor,
                before=before,
                after=to,
                text=text,
                evidence=evidence,
            )
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def _recount(self, before: Status, to: Status, changes: dict[str, Any], now: datetime) -> None:
        day = changes.get("spend_day", self.spend_day)
        crosses = (before in COSTS_NOTHING) != (to in COSTS_NOTHING)
        if crosses or day != self.spend_day or changes.keys() & _COUNTED:
            recount(Order.objects.filter(pk=self.pk), now=now, left=self.spend_day)

    def remember(
        self,
        kind: EventKind,
        *,
        now: datetime,
        actor: User | None = None,
        before: str = "",
        after: str = "",
        text: str = "",
        evidence: dict[str, Any] | None = None,
    ) -> OrderEvent:
        """Add a line to the order's history."""
        return OrderEvent.objects.create(
            order=self,
            at=now,
            actor=actor,
            kind=kind,
            before=before,
            after=after,
            text=text[:LONGEST_TEXT],
            evidence=evidence or {},
        )

    def backoff_seconds(self) -> int:
        """How long to wait after one more try that did not leave."""
        steps = clocks.NOT_SENT_BACKOFF_SECONDS
        return steps[min(self.not_sent_count, len(steps) - 1)]
