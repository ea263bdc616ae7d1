"""One try to send an order, written down before the first byte leaves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from core import clocks
from core.money import MoneyField
from core.texts import LONGEST_TEXT
from providers.models import Provider
from providers.panel_api.errors import SERVER_ERROR

from ..status import BOUGHT_TOO, BY_STAFF, LIVE_OUTCOMES, RECALLED, Doubt, Outcome, Resolution

if TYPE_CHECKING:
    from .order import Order


# Named in `AttemptQuerySet.given_back`; `Attempt.is_given_back` for one row.
GIVEN_BACK = Q(recalled_at__isnull=False) | Q(code=RECALLED)


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def same_as(self, known: Attempt) -> AttemptQuerySet:
        """Its row, unless the database was put back since it was read: its number may stand for
        another send by now, and only the moment of the claim is never given out again."""
        return self.filter(pk=known.pk, order=known.order_id, started_at=known.started_at)

    def among(self, known: Iterable[Attempt]) -> AttemptQuerySet:
        """The rows of these, each as `same_as`. Where two have changed their numbers with one
        another, both are still of these."""
        rows = list(known)
        return self.filter(
            pk__in=[row.pk for row in rows],
            order__in={row.order_id for row in rows},
            started_at__in={row.started_at for row in rows},
        )

    def newest_of(self, account: Provider | models.OuterRef) -> AttemptQuerySet:
        """All sends of this account, the newest first. Every number is one or more: to say so is
        what its index is found by."""
        return self.filter(provider=account, number__gte=1).order_by("-pk")

    def in_row_order(self) -> AttemptQuerySet:
        """Of which a higher row was sent later. One that the journal of a machine gave back has a
        row of that day, and not of the day on which it was sent."""
        return self.filter(recalled_at=None)

    def given_back(self) -> AttemptQuerySet:
        """The others: sent nobody knows between which rows. By its code, which goes where it is in
        doubt anew, a worker of release 0.3 marks one as long as it runs beside this one."""
        return self.filter(GIVEN_BACK)

    def past_their_lease(self, now: datetime) -> AttemptQuerySet:
        """In flight for too long; a lease far longer than any was written by a clock ahead."""
        beyond = now + timedelta(seconds=2 * clocks.SEND_LEASE_SECONDS)
        over = Q(lease_until__lt=now) | Q(lease_until__gt=beyond)
        return self.filter(over, outcome=Outcome.IN_FLIGHT)

    def counted_as_not_there(self) -> AttemptQuerySet:
        """By a person or a proof that may have been wrong. A refusal in words that the desk knows
        is proof; what staff said that words mean is their word."""
        by_phrase = Q(outcome=Outcome.REJECTED, resolution=Resolution.PHRASE)
        return self.filter(Q(outcome=Outcome.NOT_PLACED) | by_phrase)


class Attempt(models.Model):
    """What was sent, to whom, by whom, and everything seen of the answer.

    `wire` are the parameters without the key, with an idempotency key where the provider takes one.
    `evidence` is the client's Evidence as JSON.
    `late` is what became known after the attempt had been resolved by somebody else.

    A lost answer is searched for at `search_at`; `searched_at` is set once there is no more to look
    for, and only then the account may buy again. `waited_seconds` are counted from the loss on, as
    `search.wait_clock` does; once they are enough, attempts of the account with a higher number
    than `surely_after` were sent when this order could no longer appear. `candidates` are ids of
    ours nobody has claimed, as `{"id", "charge", "status", "start_count", "remains"}` in text, as
    the newest search saw them; `seen_ids` all that ever stood there: only another one is news, and
    one is never gone because the newest search says nothing of it.
    """

    order = models.ForeignKey(
        "orders.Order", models.PROTECT, related_name="attempts", db_index=False
    )
    number = models.PositiveIntegerField()
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="attempts")
    provider_version = models.PositiveIntegerField()
    wire: models.JSONField[Any, Any] = models.JSONField()
    worker = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    recorded_at = models.DateTimeField(null=True, blank=True)
    recalled_at = models.DateTimeField(null=True, blank=True)  # given back from a journal
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.IN_FLIGHT)
    reason = models.CharField(max_length=LONGEST_TEXT, blank=True, default="")
    code = models.CharField(max_length=20, blank=True, default="")
    external_id = models.CharField(max_length=64, blank=True, default="")
    evidence: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    late: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    balance_before = MoneyField(null=True, blank=True)
    balance_before_at = models.DateTimeField(null=True, blank=True)
    balance_after = MoneyField(null=True, blank=True)
    balance_after_at = models.DateTimeField(null=True, blank=True)
    unknown_at = models.DateTimeField(null=True, blank=True)
    search_at = models.DateTimeField(null=True, blank=True)
    searches = models.PositiveSmallIntegerField(default=0)
    calls = models.PositiveSmallIntegerField(default=0)
    waited_seconds = models.FloatField(default=0)
    waited_at = models.DateTimeField(null=True, blank=True)
    surely_after = models.BigIntegerField(null=True, blank=True)
    searched_at = models.DateTimeField(null=True, blank=True)
    searched_through = models.BigIntegerField(null=True, blank=True)  # no id up to this is it
    range_closed_at = models.DateTimeField(null=True, blank=True, db_column="bracketed_at")
    candidates: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    seen_ids: models.JSONField[Any, Any] = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), blank=True
    )
    resolution = models.CharField(
        max_length=10, choices=Resolution.choices, blank=True, default=Resolution.NONE
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )  # the first of two people who say that it is not there
    confirmed_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    @property
    def ever_seen(self) -> list[str]:
        """Every id of which something found that it can be this order, the newest last. Its page
        names them all: a decision there was made with each of them in sight."""
        return list(dict.fromkeys((*self.seen_ids, *(str(row["id"]) for row in self.candidates))))

    @property
    def seen_before(self) -> list[str]:
        """Those of which the newest search said nothing: that proves nothing about them."""
        now = {str(row["id"]) for row in self.candidates}
        return [one for one in self.ever_seen if one not in now]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(outcome__in=LIVE_OUTCOMES),
                name="one_live_attempt_per_order",
            ),
            models.UniqueConstraint(
                fields=["provider"],
                condition=Q(outcome=Outcome.IN_FLIGHT),
                name="one_send_in_flight_per_provider",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=Outcome.values), name="attempt_outcome_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.UNKNOWN) | Q(unknown_at__isnull=False),
                name="unknown_since_is_known",
            ),
        ]
        indexes = [
            # Partial, lest SQLite take it before those of a few rows below: `newest_of`. Figures:
            # docs/decisions/the-newest-sends-of-an-account.md
            models.Index(
                fields=["provider", "-id"], condition=Q(number__gte=1), name="attempt_by_account"
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(outcome=Outcome.IN_FLIGHT),
                name="attempt_to_reap",
            ),
            models.Index(
                fields=["provider", "id"],
                condition=Q(outcome=Outcome.UNKNOWN),
                name="attempt_to_recover",
            ),
            models.Index(
                fields=["provider", "-id"],
                condition=Q(outcome=Outcome.ACCEPTED),
                name="attempt_accepted_rows",
            ),
        ]

    objects = AttemptQuerySet.as_manager()

    @property
    def is_given_back(self) -> bool:
        return self.recalled_at is not None or self.code == RECALLED

    @classmethod
    def recalled(
        cls,
        order: Order,
        started_at: datetime,
        *,
        now: datetime,
        worker: str = "",
        number: int = 0,
        reason: str,
        candidate_id: str = "",
    ) -> Attempt:
        """The row of a send that the database has forgotten, not saved yet. `worker` gives it back.

        It counts as looked for: where the provider's ids stood when it was sent is not known from
        the numbers of our rows, so nothing may be proven from them.
        """
        taken = set(order.attempts.values_list("number", flat=True))
        return cls(
            order=order,
            number=number if number and number not in taken else max(taken, default=0) + 1,
            provider=order.provider,
            provider_version=order.provider.version,
            wire=order.payload,
            worker=worker,
            started_at=started_at,
            lease_until=started_at,
            recorded_at=now,
            recalled_at=now,
            searched_at=now,
            outcome=Outcome.UNKNOWN,
            code=RECALLED,
            unknown_at=started_at,
            reason=reason[:LONGEST_TEXT],
            evidence={"candidate_id": candidate_id} if candidate_id else {},
        )

    @property
    def idempotency_key(self) -> str:
        """The same for this attempt wherever it is read, and for no other attempt anywhere."""
        return f"{self.order.form_key.hex}-{self.number}"

    @property
    def shown_outcome(self) -> Outcome:
        """What is known of it: one beside which an earlier try was linked has ended for the order,
        which has one live try, and not for whoever reads of it."""
        return Outcome.UNKNOWN if self.code == BOUGHT_TOO else Outcome(self.outcome)

    @property
    def balance_fell(self) -> Decimal | None:
        """By how much the account's balance was lower when it was next read after the loss. What
        else was charged or put in between is in it. None where it did not fall, or nobody knows."""
        if self.balance_before is None or self.balance_after is None:
            return None
        return max(self.balance_before - self.balance_after, Decimal(0)) or None

    @property
    def doubt(self) -> str:
        """In words, why nobody knows what became of it. Attempts from before doubts had codes are
        told by what was kept of their answer."""
        if self.code in Doubt.values:
            return str(Doubt(self.code).label)
        seen = self.evidence
        failed = seen.get("exception_chain") or (seen.get("http_status") or 0) >= SERVER_ERROR
        is_heard = seen.get("body_excerpt") and not failed
        return str((Doubt.NOT_UNDERSTOOD if is_heard else Doubt.LOST).label)

    @property
    def is_resolved_by_staff(self) -> bool:
        return self.resolution in BY_STAFF

    @property
    def carries_idempotency_key(self) -> bool:
        """It went out with its own idempotency key, so the provider can tell a replay of it."""
        return self.idempotency_key in self.wire.values()

    def __str__(self) -> str:
        return f"attempt {self.number} of order {self.order_id}: {self.outcome}"
