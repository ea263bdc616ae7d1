"""One call about many orders that changes something there, and what it proves.

Shared by refills and cancels: the fence before the first byte, the three ways a call can end,
and the patience with which its answer is written down.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import DatabaseError

from core import clocks
from core.clocks import Clock
from providers.actions import pacing
from providers.models import Provider, ProviderState
from providers.panel_api import (
    AccountRefused,
    Dialect,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    RefusalCode,
    Refused,
    SlowDown,
)

Said = TypeVar("Said")
log = logging.getLogger(__name__)
SETTLE_TRIES = 8  # spread over about 20 s, inside the lease


@dataclass(frozen=True, slots=True)
class Answered(Generic[Said]):
    """The provider's word on each order, by its id there."""

    rows: Mapping[str, Said]


@dataclass(frozen=True, slots=True)
class Later:
    """Proven: nothing was done. To be sent again, no sooner than `until`."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Lost:
    """The answer is lost: it may have been done."""

    reason: str


Outcome = Answered[Said] | Later | Lost


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a call said of one row: where it goes, with which words for its order's history.

    Unless it is `proven`, a later word may overrule it.
    """

    to: str
    text: str
    changes: dict[str, Any] = field(default_factory=dict)
    proven: bool = True


def refused_by_all(rows: Iterable[object]) -> Refused | None:
    """The refusal, where every row was refused because the provider has no such call."""
    refusals = list(rows)
    for row in refusals:
        if not isinstance(row, Refused) or row.code is not RefusalCode.UNSUPPORTED:
            return None
    first = next(iter(refusals), None)
    return first if isinstance(first, Refused) else None


def batch_size(provider: Provider) -> int:
    """The most orders one call may be about."""
    return min(provider.batch_size, Dialect.from_profile(provider.dialect).batch_size)


def is_unchanged(provider: Provider) -> bool:
    """Active, with the address and key it had when it was read."""
    return Provider.objects.filter(
        pk=provider.pk, version=provider.version, state=ProviderState.ACTIVE
    ).exists()


def one_call(
    provider: Provider, call: Callable[..., Mapping[str, Said]], *, clock: Clock
) -> Outcome[Said]:
    """Make one call. Never raises: what is not understood is lost."""
    started, fence = time.monotonic(), _Fence(provider)
    try:
        rows = call(before_send=fence)
    except NotSent as error:
        if not fence.objected:
            pacing.note_failure(provider, error, now=clock())
        return _later(error, clock(), clocks.NOT_SENT_BACKOFF_SECONDS[0])
    except SlowDown as error:
        pacing.note_failure(provider, error, now=clock())
        return _later(error, clock(), clocks.RATE_LIMIT_PAUSE_SECONDS, error.until)
    except AccountRefused as error:
        pacing.note_failure(provider, error, now=clock())
        return _later(error, clock(), clocks.BREAKER_SECONDS[-1])
    except OutcomeUnknown as error:
        pacing.note_failure(provider, error, now=clock())
        return Lost(error.reason)
    except Exception as error:
        log.exception("a request to account %s ended in an error of our own", provider.pk)
        return Lost(f"Our own error while sending: {type(error).__name__}")
    elapsed_ms = (time.monotonic() - started) * 1000
    pacing.note_success(provider, now=clock(), elapsed_ms=elapsed_ms)
    return Answered(rows)


class _Fence:
    """The last look before the first byte: is the claim still fresh, may we still ask there?"""

    def __init__(self, provider: Provider) -> None:
        self.provider, self.claimed, self.objected = provider, time.monotonic(), False

    def __call__(self) -> None:
        self.objected = True
        if time.monotonic() - self.claimed > clocks.SEND_WINDOW_SECONDS:
            raise NotSent("The claim had grown too old before the connection stood.")
        if not is_unchanged(self.provider):
            raise NotSent("The provider was paused or changed just before sending.")
        self.objected = False


def _later(
    error: ProviderError, now: datetime, seconds: float, until: datetime | None = None
) -> Later:
    return Later(error.reason, until or now + timedelta(seconds=seconds))


def patiently(write: Callable[[], None], *, what: str) -> None:
    """Write an answer down although the database may be away for a moment. If it stays away,
    the reaper takes the claim for lost, which is true."""
    for tried in range(SETTLE_TRIES):
        try:
            write()
            return
        except DatabaseError:
            log.warning("%s could not be settled yet (try %s)", what, tried + 1)
            time.sleep(min(0.2 * 2**tried, 5))
    log.error("%s could not be settled; the reaper will take them for lost", what)
