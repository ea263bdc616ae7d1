"""A lease at work: runs, one after the other, while orders are due and calls allowed."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core import clocks
from core.clocks import Clock
from core.stopping import is_stopping
from providers.actions import note_calls, token_bucket
from providers.actions.leases import AccountLease, account_lease
from providers.models import LeaseKind, Provider
from providers.panel_api import BatchRefused, Dialect, Progress, ProviderError, Unreadable

from . import poll_batch, poll_schedule
from .poll_batch import PollRun, TellsStatuses
from .poll_schedule import DueSchedule
from .same_refusal import RefusedQuestions, refused_alone

RENEW_SECONDS = clocks.LEASE_SECONDS / 6
NOTE_SECONDS = 1.0
PATIENCE_SECONDS = 1.0  # waiting longer than this for a call, the lease is better given back


class AsksInBatches(TellsStatuses, Protocol):
    """All this needs of a client."""

    @property
    def dialect(self) -> Dialect: ...


@dataclass(slots=True)
class PollCycle:
    """What a lease did before it was given back. `more` is true when orders were still due."""

    runs: list[PollRun] = field(default_factory=list)
    more: bool = False


class _Lease:
    """The lease and the account's health, renewed now and then and not with every call. `now` is
    when the lease was acquired, and then when the last call had ended."""

    def __init__(self, provider: Provider, client: AsksInBatches, held: AccountLease) -> None:
        self.provider, self.held, self.clock = provider, held, held.clock
        self.client, self.most = client, client.dialect.batch_size
        self.now = self.asked_at = held.since
        self.bucket = token_bucket.TokenBucket(provider)
        self.refused: RefusedQuestions | None = None  # in a row, since something was answered
        self.renewed = time.monotonic()
        self.noted = -RENEW_SECONDS

    def is_ours(self) -> bool:
        """False once the lease ran out and somebody else took it."""
        if time.monotonic() - self.renewed < RENEW_SECONDS:
            return True
        self.renewed = time.monotonic()
        return self.held.renew()

    def ask(self, batch: Sequence[DueSchedule]) -> dict[str, Progress | Unreadable]:
        """One request; `now` is the moment of its answer then, however it ended. `asked_at` is read
        after the batch: what was wanted before the batch was read has been asked for since."""
        self.now = self.asked_at = self.clock()
        try:
            return poll_batch.ask(self.provider, batch, self.client, now=self.now)
        finally:
            self.now = self.clock()

    def note_success(self, elapsed_ms: float) -> None:
        if time.monotonic() - self.noted >= NOTE_SECONDS:
            self.noted = time.monotonic()
            note_calls.note_success(self.provider, now=self.now, elapsed_ms=elapsed_ms)

    def goes_on_after(self, ids: Collection[str], refusal: BatchRefused) -> bool:
        """False once it is about the account and not about an order: all that is due is put off."""
        self.write_next_success()
        self.refused = self.refused or RefusedQuestions(self.provider, "orders", self.clock)
        if self.refused.are_about_ids(ids, refusal):
            return True
        poll_schedule.put_off(self.provider, self.now, together=self.refused.explain_no_id())
        return False

    def write_next_success(self) -> None:
        """It opens the breaker."""
        self.noted = -RENEW_SECONDS

    def note_failure(self, error: ProviderError) -> None:
        self.write_next_success()
        note_calls.note_failure(self.provider, error, now=self.now)


def poll_account(
    provider: Provider, client: AsksInBatches, *, clock: Clock, seconds: float
) -> PollCycle | None:
    """Ask about this account's due orders for about `seconds`. None: somebody else is at it."""
    if provider.moved_at is not None:
        return PollCycle()  # nobody knows what has these numbers there
    ends = time.monotonic() + seconds
    with account_lease(provider.pk, LeaseKind.POLLING, clock=clock) as held:
        if held is None:
            return None
        done, lease = PollCycle(), _Lease(provider, client, held)
        try:
            while _poll_once(lease, done) and lease.is_ours():
                if time.monotonic() >= ends or is_stopping():
                    done.more = True
                    break
        finally:
            held.due_at = lease.now
    return done


def _poll_once(lease: _Lease, done: PollCycle) -> bool:
    """One call and what it changed. False: nothing more is due (a batch that is not full, and is
    no part of a refused one, was all of it, but for what was overtaken), or the account may not be
    called."""
    batch = poll_schedule.due_batch(lease.provider, lease.now, most=lease.most)
    if not batch:
        return False
    while wait := lease.bucket.take_call(now=lease.now):
        if wait > PATIENCE_SECONDS:
            return False
        time.sleep(wait)
        lease.now = lease.clock()
    ids, asked = [schedule.external_id for schedule in batch], time.monotonic()
    try:
        answers = lease.ask(batch)
    except BatchRefused as error:
        return lease.goes_on_after(ids, error)  # with halves of it
    except ProviderError as error:
        lease.note_failure(error)
        return False
    refusal = refused_alone(ids, answers)
    if refusal and not lease.goes_on_after(ids, refusal):
        return False
    lease.note_success((time.monotonic() - asked) * 1000)
    if refusal is None:
        lease.refused = None
    if not lease.is_ours():  # it stood still, and somebody else has asked since
        return False
    run = poll_batch.record_answers(batch, answers, now=lease.now, asked_at=lease.asked_at)
    done.runs.append(run)
    if run.unwritten:
        keys = [schedule.order_id for schedule in run.unwritten]
        poll_schedule.leave_alone("orders", lease.provider, keys, lease.now)
        return True  # it may have been asked about by itself, before others
    return len(batch) == lease.most or batch[0].batch_cap > 0 or run.overtaken > 0
