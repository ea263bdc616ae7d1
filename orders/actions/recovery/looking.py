"""Asking a provider about ids nobody has claimed: free calls, each within the account's budgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Protocol

from django.db.models import F

from core import clocks
from core.clocks import Clock
from providers.actions.calling import MustWait, ask
from providers.models import Provider
from providers.panel_api import Dialect, Progress, RecentOrder, RefusalCode, Unreadable
from providers.panel_api.asking import chunks

from ...models import Recovery
from . import windows

WIDEST = 300  # ids in one look
MOST_PARENTS = 40


class CannotLook(Exception):
    """Nothing was learned; the words are for staff."""


class TellsOfIds(Protocol):
    """All this needs of a client."""

    @property
    def dialect(self) -> Dialect: ...

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]: ...

    def recent_orders(self) -> tuple[RecentOrder, ...]: ...


@dataclass(slots=True)
class Seen:
    """What one look showed. `candidates` are ids of ours that nobody has claimed; `cleared`: each
    id that was asked for up to this one is known not to be a lost order, `doubtful` ones apart."""

    first: int
    last: int
    candidates: dict[str, Progress] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)
    calls: int = 0

    @property
    def cleared(self) -> int:
        unsettled = [int(one) for one in (*self.candidates, *self.doubtful)]
        return min(unsettled) - 1 if unsettled else self.last


def look_between(
    provider: Provider,
    client: TellsOfIds,
    rules: Recovery,
    seen: Seen,
    *,
    control: int,
    most: int,
    clock: Clock,
) -> None:
    """Ask about all unclaimed ids from `seen.first` to `seen.last`, as far as `most` calls reach,
    and with them about `control`, an accepted order of ours from before: when it is unknown there,
    no answer is proof. What comes back goes into `seen`, its last id and the calls made too.

    Raises CannotLook where the provider's answers prove nothing just now, MustWait where a
    budget is used up, ProviderError where the provider does not answer.
    """
    parents = windows.parents(provider, MOST_PARENTS)
    if parents is None:
        raise CannotLook("Too many drip-feeds and subscriptions run here: they start orders too.")
    asked = [str(number) for number in range(seen.first, seen.last + 1)]
    taken = windows.claimed(provider, asked)
    wanted = [one for one in asked if one not in taken]
    known = [str(control), *(one for one in parents if one != str(control))]
    room = max(0, most * client.dialect.batch_size - len(known))
    if len(wanted) > room:
        seen.last = int(wanted[room]) - 1
        wanted = wanted[:room]
    children = set[str]()
    for batch in chunks([*known, *wanted] if wanted else [], client.dialect.batch_size):
        spend(rules, clock=clock)
        answers = ask(provider, partial(client.statuses_once, batch), clock=clock)
        seen.calls += 1
        children |= _sort(answers, known, seen)
    for child in children:
        seen.candidates.pop(child, None)


def _sort(answers: dict[str, Progress | Unreadable], known: list[str], seen: Seen) -> set[str]:
    """Put each answer where it belongs; the children that any of ours names come back."""
    children = set[str]()
    for external_id, said in answers.items():
        children.update(said.children if isinstance(said, Progress) else ())
        if external_id == known[0] and not isinstance(said, Progress):
            raise CannotLook(f"The provider does not even know {external_id}, an order of ours.")
        if external_id in known:
            continue
        if isinstance(said, Progress):
            seen.candidates[external_id] = said
        elif said.code is not RefusalCode.UNKNOWN_ORDER:
            seen.doubtful.append(external_id)
    return children


def spend(rules: Recovery, *, clock: Clock) -> None:
    """Take one call out of the hour's budget for looking. Raises MustWait when it is used up."""
    now = clock()
    row = Recovery.objects.filter(pk=rules.pk)
    hour_ago = now - timedelta(hours=1)
    row.filter(calls_since__lte=hour_ago).update(calls_since=now, calls_made=0)
    row.filter(calls_since=None).update(calls_since=now, calls_made=0)
    if not row.filter(calls_made__lt=rules.calls_per_hour).update(calls_made=F("calls_made") + 1):
        raise MustWait(clocks.BREAKER_SECONDS[-1])
