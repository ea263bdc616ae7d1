"""How late each kind of work may be, and the oldest of each at every account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest, Lower
from django.db.models.lookups import Exact, IsNull

from core import clocks
from providers.models import CatalogRun, Lease, Provider, ProviderState

from . import link_queue
from .models import Attempt, CancelRequest, Order, OrderQuerySet, PollSchedule, Refill
from .status import HoldReason, Outcome, Status


class Late(StrEnum):
    """What is late; the label is the start of a sentence."""

    ORDER = "order"
    POLL = "poll"
    REFILL = "refill"
    REFILL_POLL = "refill_poll"
    CANCEL = "cancel"
    LEASE = "lease"
    MIRROR = "mirror"
    JOB = "job"
    BATCH = "batch"
    SENDING = "sending"
    REFILL_SENDING = "refill_sending"
    CANCEL_SENDING = "cancel_sending"
    UNCONFIRMED = "unconfirmed"
    SEARCH = "search"
    START = "start"
    LINK = "link"
    HELD = "held"
    COMPARE = "compare"
    SPOOL = "spool"
    MACHINE = "machine"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def limit(self) -> timedelta:
        """How late it may be before it is told."""
        return timedelta(seconds=_LIMITS[self])


_LABELS = {
    Late.ORDER: "An order that could be sent is not sent",
    Late.POLL: "An open order is not asked about",
    Late.REFILL: "A refill does not go on",
    Late.REFILL_POLL: "An open refill is not asked about",
    Late.CANCEL: "A request to cancel does not go on",
    Late.LEASE: "A balance or a catalog is not read",
    Late.MIRROR: "A catalog is begun and not ended",
    Late.JOB: "A bulk action does not go on",
    Late.BATCH: "A mass order does not go on",
    Late.SENDING: "A send whose worker was lost is not given up",
    Late.REFILL_SENDING: "A refill whose worker was lost is not given up",
    Late.CANCEL_SENDING: "A cancel whose worker was lost is not given up",
    Late.UNCONFIRMED: "An unconfirmed order is not resolved",
    Late.SEARCH: "The search for a lost order does not end, and no order is sent meanwhile",
    Late.START: "An order whose start has come is still held",
    Late.LINK: "An order waits for a link that is free",
    Late.HELD: "An order is held although its account can take it again",
    Late.COMPARE: "The comparison after a restore does not go on",
    Late.SPOOL: "An answer on disk is not taken in",
    Late.MACHINE: "A machine is away, perhaps with answers on its disk",
}
_LIMITS = {
    Late.ORDER: 180,
    Late.POLL: 900,
    Late.REFILL: 900,
    Late.REFILL_POLL: 900,
    Late.CANCEL: 900,
    Late.LEASE: 1800,
    Late.MIRROR: 1800,
    Late.JOB: 600,
    Late.BATCH: 600,
    Late.SENDING: 120,
    Late.REFILL_SENDING: 120,
    Late.CANCEL_SENDING: 120,
    Late.UNCONFIRMED: 24 * 3600,
    Late.SEARCH: 300,  # after the grace of its account and a provider that could not be asked
    Late.START: 300,
    Late.LINK: 300,
    Late.HELD: 300,
    Late.COMPARE: 600,
    Late.SPOOL: 120,
    Late.MACHINE: 600,
}

_IS_ACTIVE = Q(provider__state=ProviderState.ACTIVE)
# `Provider.currency_differs`, as a question to the database.
CURRENCY_DIFFERS = Q(provider__currency__gt="", provider__balance_currency__gt="") & ~Q(
    Exact(Lower("provider__currency"), Lower("provider__balance_currency"))
)
_IS_TOLD = Q(provider__balance__gt=0, provider__balance_error="") & ~CURRENCY_DIFFERS
# As far as is known: a balance in another currency tells nothing, nor one that is used up, where
# the provider may give credit. One that is not would be refused first at each reading, and keep
# the others.
_IS_PAID = (
    Q(estimate=None)
    | Q(provider__balance=None)
    | Q(provider__balance__lte=0)
    | ~Q(provider__balance_error="")
    | CURRENCY_DIFFERS
    | Q(estimate__lte=F("provider__balance"))
)
_IS_NO_MORE_REFUSED = _IS_ACTIVE & Q(
    hold_reason=HoldReason.FUNDS, provider__health__funds_refused_at=None
)
# What nothing but money or a person lets go, while no refusal says so of the account.
WAITS_FOR_BALANCE = _IS_NO_MORE_REFUSED & _IS_TOLD & Q(estimate__gt=F("provider__balance"))
# Held for their account, which can take orders again: paused, its key refused, out of funds.
ACCOUNT_TAKES_THEM = (
    _IS_ACTIVE & Q(hold_reason=HoldReason.PROVIDER_PAUSED),
    _IS_ACTIVE
    & Q(hold_reason=HoldReason.KEY, provider__health__key_refused_at=None)
    & ~Q(provider__key_ciphertext=""),
    _IS_NO_MORE_REFUSED & _IS_PAID,
)
# A cancel that was sent, and whose order has been asked about in vain since: it waits for a look.
_IS_UNREAD = Case(
    When(
        Q(order__poll_schedule__looked_at=None)
        | Q(order__poll_schedule__looked_at__lte=F("sent_at")),
        order__poll_schedule__failures__gt=0,
        order__poll_schedule__checked_at__gte=F("sent_at"),
        then=Value(True),
    ),
    default=Value(False),
)

# The kinds that are told for each account, in the order of the rows they stand in.
AT_ACCOUNT = (
    Late.ORDER,
    Late.POLL,
    Late.REFILL,
    Late.REFILL_POLL,
    Late.CANCEL,
    Late.LEASE,
    Late.MIRROR,
    Late.SENDING,
    Late.REFILL_SENDING,
    Late.CANCEL_SENDING,
    Late.UNCONFIRMED,
)
# In the hands of a worker, whose lease gives it up whatever holds its account: it sends nothing.
IN_HANDS = frozenset({Late.SENDING, Late.REFILL_SENDING, Late.CANCEL_SENDING})


def with_oldest(now: datetime) -> QuerySet[Provider, Any]:
    """All accounts, each with `<kind>_since` of its oldest row that is late (None: none is), the
    `<kind>_order` of it, and its newest send, with the moment at which that was due. Of its cancels
    the row alone, `cancel_row`: which is the first, no index tells, and the schedules of all late
    ones are read to find out."""
    since: dict[str, Any] = {}
    for late, (rows, moment) in _late_rows(now).items():
        mine = _of_account(rows, late).order_by(moment, "pk")
        if late is Late.CANCEL:  # what nothing explains stands behind none that something does
            mine = mine.annotate(is_unread=_IS_UNREAD).order_by("is_unread", moment, "pk")
            since["cancel_row"] = Subquery(mine.values("pk")[:1])
            continue
        since[f"{late}_since"] = Subquery(mine.values(moment)[:1])
        if late is not Late.LEASE and late is not Late.MIRROR:
            since[f"{late}_order"] = Subquery(
                mine.values("pk" if late is Late.ORDER else "order")[:1]
            )
    sends = Attempt.objects.newest_of(OuterRef("pk"))
    grace = Coalesce("recovery__grace_seconds", Value(clocks.NOT_PLACED_GRACE_SECONDS))
    return Provider.objects.for_list().annotate(
        newest_send=Subquery(sends.values("started_at")[:1]),
        newest_due=Subquery(sends.values("order__send_after")[:1]),
        grace_seconds=grace,
        **since,
    )


def add_oldest_cancels(accounts: Sequence[Any], now: datetime) -> None:
    """What `with_oldest` leaves out: `cancel_since` and `cancel_order`, and whether answers that
    cannot be read explain it. One that has gone on meanwhile is late no more."""
    rows, moment = _late_rows(now)[Late.CANCEL]
    rows = rows.filter(pk__in=[one.cancel_row for one in accounts if one.cancel_row])
    told = rows.annotate(is_unread=_IS_UNREAD).values_list("pk", moment, "order", "is_unread")
    found = {pk: told_of for pk, *told_of in told}
    for one in accounts:
        one.cancel_since, one.cancel_order, one.cancel_unread = found.get(
            one.cancel_row, (None, None, False)
        )


def _of_account(rows: QuerySet[Any], late: Late) -> QuerySet[Any]:
    """Of the account that is asked about. Sends by an expression: few are under way or lost, and
    each has an index of these few; by the bare column SQLite would walk all that it ever had."""
    if late in (Late.SENDING, Late.UNCONFIRMED):
        return rows.filter(Exact(F("provider_id") + 0, OuterRef("pk")))
    return rows.filter(provider=OuterRef("pk"))


def oldest_held(now: datetime) -> QuerySet[Order, Any]:
    """Held orders of which what they wait for has come, and not just now: `since`, one of them,
    its account and the kind, for each account. When an account began to take orders again is not
    written down: what is held there counts from now, once it is held for a while."""
    ended = Coalesce("blocked_by__changed_at", "send_after")
    due = {
        Late.START: (link_queue.whose_start_has_come(now - Late.START.limit), F("starts_at")),
        Late.LINK: (
            link_queue.whose_link_is_free(now - Late.LINK.limit).filter(
                Q(blocked_by=None) | Q(blocked_by__changed_at__lte=now - Late.LINK.limit)
            ),
            Greatest("send_after", ended),
        ),
        Late.HELD: (
            _held_for_nothing().filter(changed_at__lte=now - Late.HELD.limit),
            Value(now, DateTimeField()),
        ),
    }
    found = [
        rows.order_by()
        # By an expression: with the bare column SQLite would walk all orders by account.
        .annotate(what=Value(late.value), account=F("provider_id") + 0)
        .values("account", "what")
        .annotate(since=Min(moment), order=Min("pk"))
        .values_list("since", "order", "account", "what")
        for late, (rows, moment) in due.items()
    ]
    return found[0].union(*found[1:], all=True)


def _held_for_nothing() -> OrderQuerySet:
    """Held for their account, which can take orders by now."""
    any_of = reduce(or_, ACCOUNT_TAKES_THEM)
    return Order.objects.filter(any_of, status=Status.HELD)


def _late_rows(now: datetime) -> dict[Late, tuple[QuerySet[Any], str]]:
    """The rows of each kind that are late, and the column that says since when."""
    leases = Lease.objects.filter(kind__in=("balance", "catalog"))
    in_flight = Attempt.objects.filter(outcome=Outcome.IN_FLIGHT)
    unresolved = IsNull(F("resolved_by_id") + 0, True)  # as `accounts_to_recover` asks
    lost = Attempt.objects.filter(unresolved, outcome=Outcome.UNKNOWN)
    running = CatalogRun.objects.running()
    return {
        Late.ORDER: (Order.objects.due_to_send(now - Late.ORDER.limit), "send_after"),
        Late.POLL: (PollSchedule.objects.filter(next_at__lte=now - Late.POLL.limit), "next_at"),
        Late.REFILL: (Refill.objects.due_to_send(now - Late.REFILL.limit), "due_at"),
        Late.REFILL_POLL: (Refill.objects.due_to_ask(now - Late.REFILL_POLL.limit), "due_at"),
        Late.CANCEL: (CancelRequest.objects.to_go_on(now - Late.CANCEL.limit), "due_at"),
        Late.REFILL_SENDING: (
            Refill.objects.past_their_lease(now - Late.REFILL_SENDING.limit),
            "due_at",
        ),
        Late.CANCEL_SENDING: (
            CancelRequest.objects.past_their_lease(now - Late.CANCEL_SENDING.limit),
            "due_at",
        ),
        Late.LEASE: (leases.filter(due_at__lte=now - Late.LEASE.limit), "due_at"),
        Late.MIRROR: (running.filter(started_at__lte=now - Late.MIRROR.limit), "started_at"),
        Late.SENDING: (
            in_flight.filter(lease_until__lte=now - Late.SENDING.limit),
            "lease_until",
        ),
        Late.UNCONFIRMED: (
            lost.filter(unknown_at__lte=now - Late.UNCONFIRMED.limit),
            "unknown_at",
        ),
    }
