"""Asking again under the same id of ours, at providers that answer a repeat with the first order.

Only where the attempt itself went out with its id *and* an admin has said that repeats are safe
there. It is the same attempt said again, to the last sign, not another one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from core.clocks import Clock
from providers.actions.calling import ask
from providers.models import Provider, ProviderState
from providers.panel_api import (
    NotSent,
    OutcomeUnknown,
    Placed,
    Progress,
    Rejected,
    WrittenWish,
)

from ...models import Attempt, Gate, Recovery
from ...status import GateKind, Outcome, Resolution
from . import deciding
from .deciding import Decided
from .looking import TellsOfIds, spend
from .matching import Verdict

MOST_REPEATS = 3


class PlacesAgain(Protocol):
    """What this needs of a client beside telling of ids."""

    def add(
        self, wish: WrittenWish, *, before_send: Callable[[], None] | None = None
    ) -> Placed: ...


def repeat(
    provider: Provider,
    client: TellsOfIds,
    rules: Recovery,
    lost: list[Attempt],
    done: Decided,
    *,
    clock: Clock,
) -> None:
    """Repeat each due attempt of this account, one after the other."""
    if not rules.repeats_are_safe:
        return
    now = clock()
    for attempt in deciding.reread(lost):
        due = attempt.look_at is not None and attempt.look_at <= now and attempt.looked_at is None
        if due and attempt.carries_our_id and attempt.looks < MOST_REPEATS:
            _repeat_one(provider, client, rules, attempt, done, clock)


def _repeat_one(
    provider: Provider,
    client: TellsOfIds,
    rules: Recovery,
    attempt: Attempt,
    done: Decided,
    clock: Clock,
) -> None:
    spend(rules, clock=clock)
    deciding.count_calls([attempt], 1)
    done.looked += 1
    places = cast(PlacesAgain, client)
    try:
        placed = places.add(
            WrittenWish(attempt.wire), before_send=lambda: _fence(provider, attempt)
        )
    except Rejected as refusal:
        words = f"The repeat was refused: {refusal.reason}"
        deciding.tell([attempt], words, {"code": refusal.code.value}, clock())
        done.absent += deciding.show_absent([attempt], by=Resolution.REPEAT, now=clock())
        return
    except (NotSent, OutcomeUnknown) as error:
        deciding.tell([attempt], f"The repeat did not help: {error.reason}", {}, clock())
        return
    said = ask(provider, lambda: client.statuses_once([placed.order_id]), clock=clock)
    progress = said[placed.order_id]
    if isinstance(progress, Progress):
        found = Verdict(found={attempt.pk: placed.order_id})
        done.found += deciding.adopt_found(
            found, [attempt], {placed.order_id: progress}, now=clock(), by=Resolution.REPEAT
        )


def _fence(provider: Provider, attempt: Attempt) -> None:
    """Just before the first byte: still nobody knows, and nothing but the search holds us."""
    still = Attempt.objects.filter(pk=attempt.pk, outcome=Outcome.UNKNOWN, resolved_by=None)
    same = Provider.objects.filter(
        pk=provider.pk, version=attempt.provider_version, state=ProviderState.ACTIVE
    )
    others = Gate.objects.closed().for_provider(provider.pk).exclude(kind=GateKind.ANSWER_LOST)
    if not still.exists() or not same.exists() or others.exists():
        raise NotSent("It was settled or stopped just before the repeat left.")
