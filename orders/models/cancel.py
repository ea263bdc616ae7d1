"""A cancellation that staff asked for. Only the order's own status says what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core import clocks
from core.texts import LONGEST_TEXT
from providers.models import Provider

from ..status import AT_PROVIDER, OPEN_CANCELS, UNCLEAR, CancelStatus
from .refill import THEIR_CODES


class CancelQuerySet(models.QuerySet["CancelRequest"]):
    def open(self) -> CancelQuerySet:
        return self.filter(status__in=OPEN_CANCELS)

    def due_to_send(self, now: datetime) -> CancelQuerySet:
        """Wanted, for an order that still runs. A repeated request waits until the order has
        been asked about since the last one, with an answer that could be read."""
        return self.filter(_wanted(now), due_at__lte=now)

    def to_go_on(self, now: datetime) -> CancelQuerySet:
        """Those, and what waits for a look at its order that does not come."""
        return self.filter(status=CancelStatus.QUEUED, due_at__lte=now)

    def past_their_lease(self, now: datetime) -> CancelQuerySet:
        """In the hands of a worker that no longer has them."""
        return self.filter(status=CancelStatus.SENDING, due_at__lt=now)

    def give_up_to_send(self, words: str, now: datetime) -> int:
        """What waits to be sent, for the first time or again, or is in a worker's hands, whose
        check sees that before the first byte: another one was sent, as is known only now. Staff
        look at what became of that, and may ask once more."""
        going = self.filter(status__in=(CancelStatus.QUEUED, CancelStatus.SENDING))
        return going.update(status=CancelStatus.REFUSED, ended_at=now, reason=words, code=UNCLEAR)

    def unreadable(self, now: datetime) -> CancelQuerySet:
        """Sent, and its order has been asked about in vain since: it still could not be read a day
        after the cancel was due again. Nobody will learn what became of it."""
        patience = timedelta(seconds=clocks.CANCEL_UNREAD_SECONDS)
        never_since = Q(order__poll_schedule__looked_at=None) | Q(
            order__poll_schedule__looked_at__lte=F("sent_at")
        )
        return self.filter(
            never_since,
            status=CancelStatus.QUEUED,
            sent_at__isnull=False,
            due_at__lte=now - patience,
            order__poll_schedule__failures__gt=0,
            order__poll_schedule__checked_at__gte=F("due_at") + patience,
        )


def _wanted(now: datetime) -> Q:
    """A look from the future is of a clock that was ahead, and may have been before the send."""
    polled_since = Q(sent_at=None) | Q(
        order__poll_schedule__looked_at__gt=F("sent_at"),
        order__poll_schedule__looked_at__lte=clocks.furthest(now, 0),
    )
    return polled_since & Q(status=CancelStatus.QUEUED, order__status__in=AT_PROVIDER)


class CancelRequest(models.Model):
    """One request to cancel one order at its provider. `due_at` is when to send it (again).

    While it is being sent, `due_at` is when the claim runs out. `requests` counts sends.
    """

    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="cancel_requests")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    status = models.CharField(
        max_length=12, choices=CancelStatus.choices, default=CancelStatus.QUEUED
    )
    external_id = models.CharField(max_length=64, blank=True, default="")  # of the request
    reason = models.CharField(max_length=LONGEST_TEXT, blank=True, default="")
    code = models.CharField(max_length=20, blank=True, default="")
    requests = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    call = models.ForeignKey(
        "orders.RequestCall", models.PROTECT, null=True, blank=True, related_name="+"
    )  # the newest it was sent with
    sent_at = models.DateTimeField(null=True, blank=True)  # or, its answer lost, when that was seen
    ended_at = models.DateTimeField(null=True, blank=True)

    kind_word = "Cancel"
    objects = CancelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status__in=sorted(OPEN_CANCELS)),
                name="one_open_cancel_request_per_order",
            ),
        ]
        indexes = [
            models.Index(fields=["provider", "status", "due_at"], name="cancel_due"),
            models.Index(fields=["status", "-id"], name="cancel_by_status"),
        ]

    @property
    def shown(self) -> str:
        """What its button carries, as `Refill.shown`."""
        return f"{self.status}-{self.requests}-{self.requested_at.timestamp()}"

    @property
    def is_open(self) -> bool:
        """May change without anybody touching it: where its order has ended, it is ended next."""
        return self.status in OPEN_CANCELS

    @property
    def is_their_word(self) -> bool:
        """The reason is the provider's own sentence, bare; without such a code it is ours."""
        return self.code in THEIR_CODES

    @property
    def is_unclear(self) -> bool:
        """Given up without an answer: nobody knows whether the provider has taken it."""
        return self.status == CancelStatus.REFUSED and self.code == UNCLEAR

    def may_be_taken_before(self) -> bool:
        """An earlier send of it, or an earlier one of its order that was given up, may be why this
        one is refused."""
        if self.code == UNCLEAR and self.requests > 1:
            return True
        others = CancelRequest.objects.filter(order=self.order_id).exclude(pk=self.pk)
        return others.filter(status=CancelStatus.REFUSED, code=UNCLEAR).exists()

    @property
    def is_sent_again_in_doubt(self) -> bool:
        """It goes out once more, and nobody knows whether the provider took it the time before."""
        is_on_its_way = self.status in (CancelStatus.QUEUED, CancelStatus.SENDING)
        return is_on_its_way and self.code == UNCLEAR

    def __str__(self) -> str:
        return f"cancel request of order {self.order_id}: {self.status}"
