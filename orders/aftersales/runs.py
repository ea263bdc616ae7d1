"""The leases of refills and cancels, and the sweeps so that none of them is forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, Protocol

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from core.clocks import Clock
from core.rows.loops import one_by_one
from providers.actions import token_bucket
from providers.actions.calling import MustWait
from providers.actions.leases import account_lease
from providers.models import LeaseKind, Provider, ProviderState
from providers.panel_api import ProviderError

from ..models import CancelRequest, EventKind, Halt, Refill
from ..polling import poll_schedule
from ..polling.same_refusal import RefusedQuestions
from ..sending import halts
from ..sending.outcome import WORKER_LOST
from ..sending.restore_check import begun_refills, guard, recalled_requests
from ..status import (
    FINAL,
    REFILLS_TO_SEND,
    UNCLEAR,
    CancelStatus,
    Status,
    Write,
)
from . import cancel_sends, poll_refills, refill_sends
from .cancel_sends import CANCELS, Cancels
from .poll_refills import TellsRefills, poll_due_refills
from .refill_sends import REFILLS, Refills
from .send_requests import RestoreCheck, send_due

PATIENCE_SECONDS = 1.0  # waiting this long for a call, the lease is better given back
SWEEP_SIZE = 500
NEVER_READ = (
    "The cancel is given up: its order could not be read for a day, so nobody knows what became "
    "of it."
)
CHECK: Final = RestoreCheck(
    guard.journal_call,
    recalled_requests.calls_before,
    recalled_requests.bring_in,
    begun_refills.take_begun,
    recalled_requests.take_in_kept,
)


class TakesRequests(Refills, Cancels, Protocol):
    """A client for both."""


def send_requests(
    provider: Provider, client: TakesRequests, *, clock: Clock, seconds: float
) -> int | None:
    """Send what was asked for at this account for about `seconds`; how many requests.

    Cancels first: every minute counts there. None: somebody else is at it.
    """

    def run() -> int:
        if not _wanted(provider, clock()) or not _may_call(provider, clock):
            return 0
        sent = send_due(CANCELS, provider, client.cancel, clock=clock, check=CHECK)
        return sent or send_due(REFILLS, provider, client.refill, clock=clock, check=CHECK)

    return _with_lease(provider, LeaseKind.REQUESTS, run, clock, seconds)


def ask_about_refills(
    provider: Provider, client: TellsRefills, *, clock: Clock, seconds: float
) -> int | None:
    """Ask about this account's due refills for about `seconds`. None: somebody else is at it."""
    if provider.moved_at is not None:
        return 0  # nobody knows what has these numbers there
    refused = RefusedQuestions(provider, "refills", clock)

    def run() -> int:
        try:
            return poll_due_refills(provider, client, refused, clock=clock)
        except (MustWait, ProviderError):
            return 0

    return _with_lease(provider, LeaseKind.REFILLS, run, clock, seconds)


def _with_lease(
    provider: Provider, kind: LeaseKind, run: Callable[[], int], clock: Clock, seconds: float
) -> int | None:
    """Runs, one after the other, until there is nothing to do or the time is up."""
    done, ends = 0, time.monotonic() + seconds
    with account_lease(provider.pk, kind, clock=clock) as lease:
        if lease is None:
            return None
        while did := run():
            done += did
            if time.monotonic() >= ends or not lease.renew():
                break
    return done


def _wanted(provider: Provider, now: datetime) -> bool:
    """Looked up before a call is taken out of the token bucket."""
    if provider.moved_at is not None:
        return False
    cancels = CancelRequest.objects.filter(provider=provider).due_to_send(now)
    if cancels.exists() and not halts.is_halted(provider.pk, Write.CANCEL):
        return True
    refills = Refill.objects.filter(provider=provider).due_to_send(now)
    return refills.exists() and not halts.is_halted(provider.pk, Write.REFILL)


def _may_call(provider: Provider, clock: Clock) -> bool:
    while wait := token_bucket.take_request(provider, now=clock()):
        if wait >= PATIENCE_SECONDS:
            return False
        time.sleep(wait)
    return True


def accounts_to_send_at(now: datetime) -> list[int]:
    """Active accounts with requests to send and nothing that holds them: bells that were lost are
    rung again here."""
    callable_now = {"provider__state": ProviderState.ACTIVE, "provider__moved_at": None}
    refills = Refill.objects.filter(status__in=sorted(REFILLS_TO_SEND), **callable_now)
    cancels = CancelRequest.objects.due_to_send(now).filter(**callable_now)
    found = {
        *_not_halted(refills.due_to_send(now), Write.REFILL),
        *_not_halted(cancels, Write.CANCEL),
    }
    return sorted(Provider.objects.with_key().filter(pk__in=found).values_list("pk", flat=True))


def _not_halted(due: QuerySet[Refill] | QuerySet[CancelRequest], write: Write) -> Iterable[int]:
    standing = Halt.objects.standing().holding(write)
    before_it = standing.filter(Q(provider=None) | Q(provider=OuterRef("provider")))
    return due.exclude(Exists(before_it)).values_list("provider_id", flat=True).distinct()


def accounts_to_ask_at(now: datetime) -> list[int]:
    """Accounts with refills to ask about, paused ones too."""
    return poll_refills.accounts_to_ask(now)


def end_cancels(*, now: datetime) -> int:
    """A request to cancel ends with its order, however that ended; and one that was sent is given
    up where its order cannot be read for good, so that another one can be asked for."""
    waiting = (CancelStatus.QUEUED, CancelStatus.ACCEPTED)
    over = CancelRequest.objects.filter(status__in=waiting, order__status__in=FINAL)
    found = over.select_related("order").order_by("pk")[:SWEEP_SIZE]
    ended = one_by_one(found, lambda request: _end_cancel(request, now), what="cancels that ended")
    unread = CancelRequest.objects.unreadable(now).select_related("order").order_by("pk")
    return ended + one_by_one(
        unread[:SWEEP_SIZE], lambda request: _give_up(request, now), what="cancels of unread orders"
    )


def _end_cancel(request: CancelRequest, now: datetime) -> bool:
    mine = CancelRequest.objects.filter(pk=request.pk, status=request.status)
    word = Status(request.order.status).label.lower()
    text = f"The order has ended as {word}; the request to cancel it is over."
    with transaction.atomic():
        if not mine.update(status=CancelStatus.ENDED, ended_at=now):
            return False
        request.order.remember(EventKind.CANCEL, now=now, text=text)
    return True


def _give_up(request: CancelRequest, now: datetime) -> bool:
    """Not where its order has been looked at since it was read."""
    unreadable = CancelRequest.objects.unreadable(now).filter(pk=request.pk).values("pk")
    mine = CancelRequest.objects.filter(  # nothing is joined: PostgreSQL looks at these again
        pk__in=unreadable,
        status=CancelStatus.QUEUED,
        requests=request.requests,
        due_at=request.due_at,
    )
    changes = {"ended_at": now, "reason": NEVER_READ, "code": UNCLEAR}
    with transaction.atomic():
        if not mine.update(status=CancelStatus.REFUSED, **changes):
            return False
        request.order.remember(EventKind.CANCEL, now=now, text=NEVER_READ)
    return True


def reap_lost_requests(*, now: datetime) -> int:
    """Claims past their lease: a refill becomes unconfirmed, a cancel is looked into again."""
    refills = Refill.objects.past_their_lease(now)
    cancels = CancelRequest.objects.past_their_lease(now)
    lost_refills = refills.select_related("order").order_by("pk")[:SWEEP_SIZE]
    lost_cancels = cancels.select_related("order").order_by("pk")[:SWEEP_SIZE]
    reaped = one_by_one(lost_refills, lambda one: _reap_refill(one, now), what="lost refills")
    return reaped + one_by_one(
        lost_cancels, lambda one: _reap_cancel(one, now), what="lost cancels"
    )


def _reap_refill(refill: Refill, now: datetime) -> bool:
    with transaction.atomic():
        return refill_sends.write(refill, refill_sends.lost(WORKER_LOST, now), now=now)


def _reap_cancel(request: CancelRequest, now: datetime) -> bool:
    with transaction.atomic():
        row_outcome = cancel_sends.lost(request, WORKER_LOST, now)
        reaped = cancel_sends.write(request, row_outcome, now=now)
        poll_schedule.poll_soon([request.order_id], now)
    return reaped
