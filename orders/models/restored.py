"""After a database was taken back to an earlier day: what is looked up before anything is sent."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from core import clocks
from core.money import MoneyField
from core.rows.leases import Leased, is_free
from core.texts import LONGEST_TEXT
from providers.models import Provider
from providers.same_ids import plain_number, spellings, spellings_beside

from ..links import link_key
from ..status import UNDER_WAY, JobState
from .halt import Halt
from .order import Order


class DatabaseId(models.Model):
    """One row, number 1, made once: the name of this SQLite database, and when a machine that
    sends last found in it what it has sent."""

    key = models.UUIDField(default=uuid.uuid4)
    compared_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.key.hex


class UnreadAnswer(models.Model):
    """An answer on a machine's disk that could not be read; there as long as its file is."""

    name = models.CharField(max_length=200, primary_key=True)
    host = models.CharField(max_length=80)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} on {self.host}"


class AnswerPlace(models.Model):
    """A directory with answers on disk, as its own workers last told of it: `waiting` files that
    nobody has taken in. `key` lies in it: the same on every machine that shares it."""

    key = models.UUIDField(unique=True, editable=False)
    host = models.CharField(max_length=80)
    seen_at = models.DateTimeField()
    waiting = models.PositiveIntegerField(default=0)
    oldest_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"answers on {self.host}"


class ReconcileRunQuerySet(models.QuerySet["ReconcileRun"]):
    def free_to_run(self, now: datetime) -> ReconcileRunQuerySet:
        """Not ended, and no worker holds it, or the one that did is past its time."""
        return self.filter(is_free(now, clocks.JOB_LEASE_SECONDS), state__in=UNDER_WAY)

    def newest_first(self) -> ReconcileRunQuerySet:
        return self.order_by("-pk")


class ReconcileRun(Leased):
    """One comparison of all accounts with what their providers show.

    `accounts` is how far it is: `{"<account>": {"asked": int, "found": int, "words": str}}`, an
    account that is in there has had its turn, `cut_short` where it was not asked to the end. An
    acknowledged run opened `halt` and names the database that was accepted.
    """

    halt = models.ForeignKey(Halt, models.PROTECT, related_name="runs")
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.WAITING)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    accounts: models.JSONField[Any, Any] = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=LONGEST_TEXT, blank=True, default="")
    database = models.CharField(max_length=200, blank=True, default="")

    objects = ReconcileRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["halt"],
                condition=Q(state__in=sorted(UNDER_WAY)),
                name="one_reconcile_run_under_way",
            ),
        ]
        indexes = [models.Index(fields=["acknowledged_at"], name="run_acknowledged")]

    def __str__(self) -> str:
        return f"reconcile run {self.pk}: {self.state}"

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def handled(self) -> int:
        return len(self.accounts)

    @property
    def not_asked(self) -> list[str]:
        """The keys of the accounts that had their turn and were not compared to the end."""
        return [pk for pk, stand in self.accounts.items() if stand.get("cut_short")]

    @property
    def done(self) -> int:
        return self.handled - len(self.not_asked)

    @property
    def is_for_nothing(self) -> bool:
        return bool(self.state == JobState.DONE and self.not_asked and not self.done)

    @property
    def is_partly(self) -> bool:
        return bool(self.state == JobState.DONE and self.not_asked and self.done)


class JournalGap(models.Model):
    """A machine whose journal of an account begins later than a restored database ends: what was
    sent between `known_until` and `kept_from` stands in neither.

    Whatever waited when that was found, up to the numbers `..._through`, may have been sent, and
    is never sent before a person has said so. Of a gap that a release before this found there are
    no numbers of batches and jobs.
    """

    halt = models.ForeignKey(Halt, models.PROTECT, related_name="journal_gaps")
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+")
    host = models.CharField(max_length=80)
    found_at = models.DateTimeField()
    known_until = models.DateTimeField(null=True, blank=True)  # None: it knows of no send at all
    kept_from = models.DateTimeField()
    events_through = models.BigIntegerField()  # what a person said before it was said too early
    orders_through = models.BigIntegerField()
    refills_through = models.BigIntegerField()
    cancels_through = models.BigIntegerField()
    batches_through = models.BigIntegerField(null=True)
    jobs_through = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["halt", "provider", "host", "kept_from"],
                name="journal_gap_once_per_machine",
            ),
        ]

    def __str__(self) -> str:
        return f"gap of account {self.provider_id} before {self.kept_from:%Y-%m-%d %H:%M:%S}"


class UnmatchedOrderQuerySet(models.QuerySet["UnmatchedOrder"]):
    def left(self) -> UnmatchedOrderQuerySet:
        """Behind whichever halt: those of which nobody has said what they are, or that no order is
        wanted for them, and no order has their number by now."""
        known = Order.objects.exclude(external_id="")  # as its index has it
        spelled = spellings_beside("external_id", "number")
        same = known.filter(provider=OuterRef("account"), external_id__in=spelled)
        # Written so that SQLite takes no index of "no order", which is most of the list.
        ours = Coalesce("order_id", Value(0))
        rows = self.alias(number=plain_number("external_id"), ours=ours)
        return rows.filter(~Exists(same) | Q(external_id=""), ours=0, looked_into_at=None)

    def known_as(self, account: int, external_id: str) -> UnmatchedOrderQuerySet:
        """What is listed of this order of the account, however its number was told."""
        same = spellings([external_id])
        return self.exclude(external_id="").filter(account=account, external_id__in=same)

    def looked_into(self) -> UnmatchedOrderQuerySet:
        """Newest first."""
        found = self.exclude(looked_into_at=None).select_related("provider", "looked_into_by")
        return found.order_by("-looked_into_at", "-pk")

    def give_keys(self) -> int:
        """To those that a worker of a release without keys has listed while this one was put in
        place: nobody finds them by their form or their link. How many there were."""
        lacks_form = Q(form_key=None) & ~Q(token="")
        lacks_link = Q(link_key="") & ~Q(link="")
        rows = [row for row in self.filter(lacks_form | lacks_link) if row.lacks_keys()]
        return self.bulk_update(rows, ["form_key", "link_key"], batch_size=500)

    def list_once(self, row: UnmatchedOrder) -> None:
        """Not where it is listed behind its halt already, by its id or as this send."""
        row.set_keys()
        if not self.filter(halt=row.halt).known_as(row.account, row.external_id).exists():
            self.bulk_create([row], ignore_conflicts=True)

    def list_send(self, send: UnmatchedOrder) -> None:
        """Once. What a provider told of before, under the same id, takes the name of this send: by
        that alone its form is known when it is placed again."""
        self.list_once(send)
        name = {"token": send.token, "sent_at": send.sent_at, "form_key": send.form_key}
        behind = self.filter(halt=send.halt)
        if not behind.filter(**name).exists():
            told = behind.known_as(send.account, send.external_id).filter(token="")
            name["digest"] = send.digest
            if first := told.order_by("pk").first():
                told.filter(pk=first.pk).update(**name)


class UnmatchedOrder(models.Model):
    """An order the provider has, or this machine sent, which the restored database lacks.

    `order` is the one of ours that a person said it is; `looked_into_at`: when one said that no
    order of ours is wanted for it. Texts are the provider's. `form_key` and
    `link_key` are what `token` and `link` are looked up by; `digest` is of all that was sent.
    """

    halt = models.ForeignKey(Halt, models.PROTECT, related_name="unmatched_orders")
    account = models.PositiveBigIntegerField()  # its row may be lost too
    provider = models.ForeignKey(Provider, models.PROTECT, null=True, related_name="+")
    external_id = models.CharField(max_length=64, blank=True, default="")
    token = models.CharField(max_length=60, blank=True, default="")
    form_key = models.UUIDField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=80, blank=True, default="")
    charge = MoneyField(null=True, blank=True)
    service_id = models.CharField(max_length=64, blank=True, default="")
    link = models.CharField(max_length=2048, blank=True, default="")
    link_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    quantity = models.CharField(max_length=20, blank=True, default="")
    digest = models.CharField(max_length=32, blank=True, default="", db_default="")
    order = models.ForeignKey(
        "orders.Order", models.PROTECT, null=True, blank=True, related_name="+"
    )
    looked_into_at = models.DateTimeField(null=True, blank=True)
    looked_into_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = UnmatchedOrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["halt", "account", "external_id"],
                condition=~Q(external_id=""),
                name="unmatched_id_once_per_account",
            ),
            models.UniqueConstraint(
                fields=["halt", "token", "sent_at"],
                condition=~Q(token=""),
                name="unmatched_send_once",
            ),
        ]
        indexes = [
            models.Index(fields=["link_key", "service_id"], name="unmatched_by_link"),
            models.Index(fields=["form_key"], name="unmatched_by_form"),
            models.Index(
                fields=["looked_into_at"],
                condition=Q(looked_into_at__isnull=False),
                name="unmatched_with_a_word",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external_id or self.token} at account {self.account}"

    def save(self, **how: Any) -> None:
        self.set_keys()
        super().save(**how)

    def lacks_keys(self) -> bool:
        """Sets them, and says whether they were others: a token may be no key of ours for good."""
        before = self.form_key, self.link_key
        self.set_keys()
        return before != (self.form_key, self.link_key)

    def set_keys(self) -> None:
        self.form_key = form_key_in(self.token)
        self.link_key = link_key(self.link) if self.link else ""


def form_key_in(token: str) -> uuid.UUID | None:
    """None: it is no idempotency key of ours."""
    try:
        return uuid.UUID(hex=token.rpartition("-")[0])
    except ValueError:
        return None
