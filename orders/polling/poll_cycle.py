"""A lease at work: account turns, one after the other, while orders are due and calls allowed."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from core import clocks
from core.clocks import Clock
from core.stopping import is_stopping
from providers.actions import note_calls, pacing
from providers.actions.leases import AccountLease, account_lease
from providers.connect import batch_size
from providers.models import LeaseKind, Provider
from providers.panel_api import BatchRefused, ProviderError

from . import poll_batch, poll_schedule
from .poll_batch import PollRun, TellsStatuses
from .same_refusal import RefusedQuestions, refused_alone

RENEW_SECONDS = clocks.LEASE_SECONDS / 6
NOTE_SECONDS = 1.0
PATIENCE_SECONDS = 1.0  # waiting longer than this for a call, the lease is better given back


@dataclass(slots=True)
class Followed:
    """What a lease did before it was given back. `more` is true when orders were still due."""

    turns: list[PollRun] = field(default_factory=list)
    more: bool = False


class _Lease:
    """The lease and the account's health, renewed now and then and not with every call."""

    def __init__(self, provider: Provider, held: AccountLease) -> None:
        self.provider, self.held, self.clock = provider, held, held.clock
        self.budget = pacing.Budget(provider)
        self.most = batch_size(provider)
        self.refused: RefusedQuestions | None = None  # in a row, since something was answered
        self.renewed = time.monotonic()
        self.noted = -RENEW_SECONDS

    def is_ours(self) -> bool:
        """False once the lease ran out and somebody else took it."""
        if time.monotonic() - self.renewed < RENEW_SECONDS:
            return True
        self.renewed = time.monotonic()
        return self.held.renew()

    def note_success(self, elapsed_ms: float, now: datetime) -> None:
        if time.monotonic() - self.noted >= NOTE_SECONDS:
            self.noted = time.monotonic()
            note_calls.note_success(self.provider, now=now, elapsed_ms=elapsed_ms)

    def goes_on_after(self, ids: Collection[str], refusal: BatchRefused) -> bool:
        """False once it is about the account and not about an order: all that is due is put off."""
        self.write_next_success()
        self.refused = self.refused or RefusedQuestions(self.provider, "orders", self.clock)
        if self.refused.are_about_ids(ids, refusal):
            return True
        poll_schedule.put_off(self.provider, self.clock())
        return False

    def write_next_success(self) -> None:
        """It opens the breaker."""
        self.noted = -RENEW_SECONDS

    def note_failure(self, error: ProviderError) -> None:
        self.write_next_success()
        note_calls.note_failure(self.provider, error, now=self.clock())


def follow_account(
    provider: Provider, client: TellsStatuses, *, clock: Clock, seconds: float
) -> Followed | None:
    """Ask about this account's due orders for about `seconds`. None: somebody else is at it."""
    ends = time.monotonic() + seconds
    with account_lease(provider.pk, LeaseKind.FOLLOWING, clock=clock) as held:
        if held is None:
            return None
        done, lease = Followed(), _Lease(provider, held)
        try:
            while _take_turn(lease, client, done) and lease.is_ours():
                if time.monotonic() >= ends or is_stopping():
                    done.more = True
                    break
        finally:
            held.due_at = clock()
    return done


def _take_turn(lease: _Lease, client: TellsStatuses, done: Followed) -> bool:
    """One call and what it changed. False: nothing is due, or the account may not be called."""
    now = lease.clock()
    batch = poll_schedule.due_batch(lease.provider, now, most=lease.most)
    if not batch:
        return False
    while wait := lease.budget.take_call(now=now):
        if wait > PATIENCE_SECONDS:
            return False
        time.sleep(wait)
        now = lease.clock()
    ids, asked = [schedule.external_id for schedule in batch], time.monotonic()
    try:
        answers = poll_batch.ask(batch, client, now=now)
    except BatchRefused as error:
        return lease.goes_on_after(ids, error)  # with halves of it
    except ProviderError as error:
        lease.note_failure(error)
        return False
    refusal = refused_alone(ids, answers)
    if refusal and not lease.goes_on_after(ids, refusal):
        return False
    now = lease.clock()
    lease.note_success((time.monotonic() - asked) * 1000, now)
    if refusal is None:
        lease.refused = None
    done.turns.append(poll_batch.record_answers(batch, answers, now=now))
    return True
