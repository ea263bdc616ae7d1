"""What one recovery run has in hand: read when it begins and passed along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, TypeVar

from django.db.models import F, Q

from core import clocks
from core.clocks import Clock, furthest
from providers.actions import calling
from providers.actions.calling import MustWait
from providers.actions.catalog.read_now import read_now
from providers.connect import client_for
from providers.identity import same_account
from providers.models import Provider
from providers.panel_api import Dialect, Progress, RecentOrder, Unreadable

from ...models import Recovery

Read = TypeVar("Read")


class TellsOfIds(Protocol):
    """All this needs of a client."""

    @property
    def dialect(self) -> Dialect: ...

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]: ...

    def recent_orders(self) -> tuple[RecentOrder, ...]: ...


@dataclass(slots=True)
class Decided:
    """How many lost orders a run has found, shown not to be there, and searched for."""

    found: int = 0
    absent: int = 0
    searched: int = 0

    def __bool__(self) -> bool:
        return bool(self.found or self.absent or self.searched)


@dataclass(frozen=True, slots=True)
class RecoveryRun:
    """An account, its rules, and every row of it upstream (`rows`). What a decision rests on is
    not here: that is read in the decision's own transaction."""

    provider: Provider
    client: TellsOfIds
    rules: Recovery
    rows: list[int]
    clock: Clock
    done: Decided = field(default_factory=Decided)
    goes_on: Callable[[], bool] = lambda: True

    @classmethod
    def of(
        cls,
        provider: Provider,
        client: TellsOfIds,
        clock: Clock,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> RecoveryRun:
        """`goes_on`: False when somebody else is at this account by now."""
        rules, _ = Recovery.objects.get_or_create(provider=provider)
        rows = same_account(provider)
        if rows[0] != provider.pk:
            Recovery.objects.get_or_create(provider_id=rows[0])
        run = cls(provider, client, rules, rows, clock, goes_on=goes_on)
        run.narrow_rules()
        return run

    def read_rules_again(self) -> None:
        self.rules.refresh_from_db()
        self.narrow_rules()

    def narrow_rules(self) -> None:
        """Of the rows of the account the longest wait holds, and a search that was switched off at
        one of them proves nothing at another."""
        if len(self.rows) < 2:
            return
        told = list(Recovery.objects.filter(provider__in=self.rows).order_by("pk"))
        self.rules.grace_seconds = max(one.grace_seconds for one in told)
        why_off = (one.stopped_because for one in (self.rules, *told) if one.stopped_because)
        self.rules.stopped_because = next(why_off, "")

    def ask(self, question: Callable[[], Read]) -> Read:
        """The answer to one free call. Raises MustWait where no call is left."""
        self.spend()
        return calling.ask(self.provider, question, clock=self.clock)

    def read_catalog(self) -> bool:
        """Whether a whole catalog was fetched now and our rows are it; by the ordinary mirror."""
        try:
            self.spend()
        except MustWait:
            return False
        if not self.goes_on():
            return False
        return read_now(self.provider, client_for, clock=self.clock) and self.goes_on()

    def spend(self) -> None:
        """Take one call out of the hour's for searching, which all rows of the account share.
        Raises MustWait when it is used up."""
        now, most = self.clock(), self.rules.calls_per_hour
        row = Recovery.objects.filter(provider=self.rows[0])
        over = Q(calls_since__lte=now - timedelta(hours=1)) | Q(calls_since=None)
        ahead = Q(calls_since__gt=furthest(now, 0))  # begun by a clock that was
        row.filter(over | ahead).update(calls_since=now, calls_made=0)
        if not row.filter(calls_made__lt=most).update(calls_made=F("calls_made") + 1):
            raise MustWait(clocks.BREAKER_SECONDS[-1])
