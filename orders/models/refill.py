"""A refill that staff asked for, from their request to the provider's last word."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.clocks import common_now
from core.texts import LONGEST_TEXT
from providers.models import Provider
from providers.panel_api import RefusalCode

from ..status import OPEN_REFILLS, REFILLS_AT_PROVIDER, REFILLS_TO_SEND, RefillStatus

THEIR_CODES = frozenset(code.value for code in RefusalCode)
IN_DOUBT = timedelta(hours=1)  # so long a late answer is worth asking for


class RefillQuerySet(models.QuerySet["Refill"]):
    def open(self) -> RefillQuerySet:
        return self.filter(status__in=OPEN_REFILLS)

    def due_to_send(self, now: datetime) -> RefillQuerySet:
        """Wanted, and not waiting for its time."""
        return self.filter(status__in=REFILLS_TO_SEND, due_at__lte=now)

    def due_to_ask(self, now: datetime) -> RefillQuerySet:
        """At the provider, and to be asked about. A refill without a number cannot be."""
        there = self.filter(status__in=REFILLS_AT_PROVIDER, due_at__lte=now)
        return there.exclude(followed_by="")

    def past_their_lease(self, now: datetime) -> RefillQuerySet:
        """In the hands of a worker that no longer has them."""
        return self.filter(status=RefillStatus.SENDING, due_at__lt=now)

    def withdrawn(self, *, as_unknown: bool) -> RefillQuerySet:
        """Those that a person ended: taken back, or closed while nobody knew."""
        ended = self.filter(status=RefillStatus.WITHDRAWN)
        return ended.filter(doubted_at__isnull=not as_unknown)

    def for_list(self) -> RefillQuerySet:
        """Everything a row of the list shows, in one query."""
        return self.select_related("order__service", "provider__health", "requested_by")


class Refill(models.Model):
    """One refill of one order. `due_at` is when the next step is wanted: sending, or asking.

    While it is being sent, `due_at` is when the claim runs out. `requests` counts sends; one whose
    answer was lost stays `unconfirmed` and is never re-sent by itself. `doubted_at` is when it was
    last in doubt, or sent and then closed, and stays whatever became of it since. `known_gap` is
    the newest gap of a journal when a person last let it be sent (0: none), or None where a release
    before this did that, or nobody has: it was brought in from a journal. `followed_by` is the id
    the provider is asked about: its number, or the order's where the provider wants that; empty
    where there is neither, or two orders were given the number. `code` of an open refill says what
    is odd about it.
    """

    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="refills")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    status = models.CharField(
        max_length=12, choices=RefillStatus.choices, default=RefillStatus.QUEUED
    )
    external_id = models.CharField(max_length=64, blank=True, default="")
    followed_by = models.CharField(max_length=64, blank=True, default="")
    raw_status = models.CharField(max_length=80, blank=True, default="")
    reason = models.CharField(max_length=LONGEST_TEXT, blank=True, default="")
    code = models.CharField(max_length=20, blank=True, default="")
    requests = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    call = models.ForeignKey(
        "orders.RequestCall", models.PROTECT, null=True, blank=True, related_name="+"
    )  # the newest it was sent with
    sent_at = models.DateTimeField(null=True, blank=True)
    doubted_at = models.DateTimeField(null=True, blank=True)
    known_gap = models.BigIntegerField(null=True, editable=False)
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    kind_word = "Refill"
    objects = RefillQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status__in=sorted(OPEN_REFILLS)),
                name="one_open_refill_per_order",
            ),
        ]
        indexes = [
            models.Index(fields=["provider", "status", "due_at"], name="refill_due"),
            models.Index(fields=["status", "-id"], name="refill_by_status"),
            models.Index(
                fields=["external_id"], condition=~Q(external_id=""), name="refill_by_number"
            ),
        ]

    def __str__(self) -> str:
        return f"refill of order {self.order_id}: {self.status}"

    @property
    def is_open(self) -> bool:
        """May change without anybody touching it; of an unconfirmed one a late answer may come."""
        return self.status in OPEN_REFILLS

    @property
    def is_moving(self) -> bool:
        """Worth asking on about: one in doubt or lost from sight waits for a person in the end."""
        is_still = self.may_be_closed and self.changed_at < common_now() - IN_DOUBT
        return self.is_open and not is_still

    @property
    def is_their_word(self) -> bool:
        """The reason is the provider's own sentence, bare; without such a code it is ours."""
        ours = (RefillStatus.QUEUED, RefillStatus.UNCONFIRMED)  # 0.3 left a code of theirs there
        return self.code in THEIR_CODES and self.status not in ours

    @property
    def shown(self) -> str:
        """What its buttons carry, so that a tab of an hour ago does not ask for another one, or
        close one in doubt: where it stands, how often it was sent, and when it was asked for: a
        database that is put back gives its number to another."""
        return f"{self.status}-{self.requests}-{self.requested_at.timestamp()}"

    @property
    def may_be_asked_again(self) -> bool:
        """A person may let it be sent now, or once more."""
        return self.may_be_withdrawn or self.status == RefillStatus.UNCONFIRMED

    @property
    def may_be_withdrawn(self) -> bool:
        """Nothing was sent yet."""
        return self.status in REFILLS_TO_SEND

    @property
    def may_be_closed(self) -> bool:
        """The desk can find out nothing more by itself: only a person ends it."""
        lost_from_sight = self.status in REFILLS_AT_PROVIDER and not self.followed_by
        return self.status == RefillStatus.UNCONFIRMED or lost_from_sight

    @property
    def leaves_doubt(self) -> bool:
        """Ended by a person now, it may be carried out all the same."""
        return self.may_be_closed or self.doubted_at is not None

    @property
    def is_sent_again_in_doubt(self) -> bool:
        """It goes out once more, and nobody knows whether it was started the time before."""
        is_on_its_way = self.may_be_withdrawn or self.status == RefillStatus.SENDING
        return is_on_its_way and self.doubted_at is not None

    @property
    def is_closed_as_unknown(self) -> bool:
        """A person ended it while nobody knew, so it is not shown as taken back."""
        return self.status == RefillStatus.WITHDRAWN and self.doubted_at is not None
