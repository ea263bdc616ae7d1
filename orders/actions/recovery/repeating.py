"""Asking again under the same id of ours, at providers that answer a repeat with the first order.

Only where the attempt itself went out with its id *and* an admin has said that repeats are safe
there, under this name and at this address. It is the same attempt said again, to the last sign.
Nothing but an answer with a number decides; a refusal of a repeat proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, cast

from django.db.models import F, Q

from core.clocks import Clock
from providers.actions.calling import ask
from providers.models import Provider, ProviderHealth, ProviderState
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
    if not rules.promises_repeats(provider):
        return
    now, parameter = clock(), client.dialect.idempotency_parameter
    if _asks_for_a_rest(provider, now):
        return
    for attempt in deciding.reread(lost):
        due = attempt.look_at is not None and attempt.look_at <= now and attempt.looked_at is None
        carries = bool(parameter) and attempt.wire.get(parameter) == attempt.token
        if due and carries and attempt.looks < MOST_REPEATS:
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
    # Before the call: who dies in it has had it. When it is looked for next, the search says.
    Attempt.objects.filter(pk=attempt.pk).update(looks=F("looks") + 1)
    done.looked += 1
    places = cast(PlacesAgain, client)
    try:
        placed = places.add(
            WrittenWish(attempt.wire), before_send=lambda: _fence(provider, attempt)
        )
    except Rejected as refusal:
        # The first send may be what it is refused for: the money spent, the link busy.
        words = f"The repeat was refused, which proves nothing of the first: {refusal.reason}"
        deciding.tell([attempt], words, {"code": refusal.code.value}, clock())
        return
    except (NotSent, OutcomeUnknown) as error:
        deciding.tell([attempt], f"The repeat did not help: {error.reason}", {}, clock())
        return
    _note_id(attempt, placed.order_id, clock())
    said = ask(provider, lambda: client.statuses_once([placed.order_id]), clock=clock)
    deciding.count_calls([attempt], 1)
    progress = said[placed.order_id]
    if isinstance(progress, Progress):
        found = Verdict(found={attempt.pk: placed.order_id})
        done.found += deciding.adopt_found(
            found, [attempt], {placed.order_id: progress}, now=clock(), by=Resolution.REPEAT
        )


def _asks_for_a_rest(provider: Provider, now: datetime) -> bool:
    """It does not answer, or not as often: an order is never the probe."""
    rests = Q(closed_until__isnull=False) | Q(slow_until__gt=now)
    return ProviderHealth.objects.filter(rests, provider=provider).exists()


def _note_id(attempt: Attempt, order_id: str, now: datetime) -> None:
    """What it was answered with, for the person who decides if nothing else comes of it."""
    found = {"id": order_id, "charge": "", "status": "", "start_count": "", "remains": ""}
    Attempt.objects.filter(pk=attempt.pk).update(candidates=[found])
    deciding.tell([attempt], f"The repeat was answered with the number {order_id}.", {}, now)


def _fence(provider: Provider, attempt: Attempt) -> None:
    """Just before the first byte: still nobody knows, and nothing but the search holds us."""
    still = Attempt.objects.filter(pk=attempt.pk, outcome=Outcome.UNKNOWN, resolved_by=None)
    same = Provider.objects.filter(
        pk=provider.pk, version=attempt.provider_version, state=ProviderState.ACTIVE
    )
    others = Gate.objects.closed().for_provider(provider.pk).exclude(kind=GateKind.ANSWER_LOST)
    if not still.exists() or not same.exists() or others.exists():
        raise NotSent("It was settled or stopped just before the repeat left.")
