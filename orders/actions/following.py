"""A lane at work: account turns, one after the other, while orders are due and calls allowed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from core import clocks
from core.clocks import Clock
from providers.actions import lanes, pacing
from providers.models import LaneKind, Provider
from providers.panel_api import BatchRefused, ProviderError

from . import tracking
from .tracking import TellsStatuses, Turn

PATIENCE_SECONDS = 1.0  # waiting longer than this for a call, the lane is better given back


@dataclass(slots=True)
class Followed:
    """What a lane did before it was given back. `more` is true when orders were still due."""

    turns: list[Turn] = field(default_factory=list)
    more: bool = False


def follow_account(
    provider: Provider, client: TellsStatuses, *, clock: Clock, seconds: float
) -> Followed | None:
    """Ask about this account's due orders for about `seconds`. None: somebody else is at it."""
    started = clock()
    holder = lanes.take_lane(
        provider.pk, LaneKind.FOLLOWING, now=started, seconds=clocks.LANE_SECONDS
    )
    if holder is None:
        return None
    done = Followed()
    try:
        ends = time.monotonic() + seconds
        while _take_turn(provider, client, done, clock):
            if time.monotonic() >= ends:
                done.more = True
                break
            if not lanes.renew_lane(
                provider.pk, LaneKind.FOLLOWING, holder, now=clock(), seconds=clocks.LANE_SECONDS
            ):
                break
    finally:
        lanes.give_back(provider.pk, LaneKind.FOLLOWING, holder, due_at=clock())
    return done


def _take_turn(provider: Provider, client: TellsStatuses, done: Followed, clock: Clock) -> bool:
    """One call and what it changed. False: nothing is due, or the account may not be called."""
    batch = tracking.due_batch(provider, clock())
    if not batch:
        return False
    while wait := pacing.take_call(provider, now=clock()):
        if wait > PATIENCE_SECONDS:
            return False
        time.sleep(wait)
    asked = time.monotonic()
    try:
        answers = tracking.ask(batch, client, now=clock())
    except BatchRefused as error:
        pacing.note_failure(provider, error, now=clock())
        return True  # halves of it come next
    except ProviderError as error:
        pacing.note_failure(provider, error, now=clock())
        return False
    now = clock()
    pacing.note_success(provider, now=now, elapsed_ms=(time.monotonic() - asked) * 1000)
    done.turns.append(tracking.record_answers(batch, answers, now=now))
    return True
