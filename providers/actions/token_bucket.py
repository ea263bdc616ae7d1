"""How often an account may be called: its token bucket, its own pace for orders.

Rows, not memory, so that every worker of every machine keeps the same pace; each step is one
read and one filtered UPDATE. Every call is taken out of one bucket an account. Orders do not wait
for it: they have a share of their own, and reads get what they leave.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from core import clocks
from core.clocks import latest_ahead, still_ahead
from core.rows.bulk import compare_and_set
from providers.models import Provider, ProviderHealth

from .leases import ensure_leases

BURST_SECONDS = 5  # an idle account may catch up this much at once
ADD_SHARE = 0.8  # of the bucket that orders may use up; the rest is for reads
SLOWEST_PACE = 1 / 32
PROBE_SECONDS = clocks.PROVIDER_DEADLINE_SECONDS + clocks.PROVIDER_CONNECT_SECONDS
EASED_LEAST = timedelta(milliseconds=500)
SHORT_WAIT = 0.05  # somebody else was quicker: look again at once
TRIES = 5


class TokenBucket:
    """An account's token bucket. It remembers the row: while nobody else calls the account, the
    next call costs one write and no reading."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._known: ProviderHealth | None = None

    def take_call(self, *, now: datetime) -> float:
        """Take one call out of the bucket: 0 to go, else the seconds to wait.

        Honours the provider's request for fewer calls and the breaker. After the breaker's time
        one caller alone is let through as a probe; its `note_success` or `note_failure` decides.
        """
        for _ in range(TRIES):
            remembered, self._known = self._known, None
            health = remembered or read_health(self.provider)
            rate = _rate(self.provider, health)
            wait = _seconds_until(readable_at(health, now, rate=rate), now)
            if wait > 0 and remembered is None:
                return wait
            if wait == 0 and _book(health, now, rate=rate):
                self._known = health if health.pace >= 1 else None  # it grows back meanwhile
                return 0.0
        return SHORT_WAIT


def take_call(provider: Provider, *, now: datetime) -> float:
    """One call out of the account's token bucket: 0 to go, else the seconds to wait."""
    return TokenBucket(provider).take_call(now=now)


def take_request(provider: Provider, *, now: datetime) -> float:
    """Take one call for a refill or a cancel: as `take_call`, but never as the breaker's probe."""
    health = read_health(provider)
    if health.open_until is not None:
        return max(_seconds_until(_open_until(health, now) or now, now), 1.0)
    return take_call(provider, now=now)


def readable_at(health: ProviderHealth, now: datetime, *, rate: float = 0.0) -> datetime:
    """The earliest moment a read may be made; `now` when at once. `rate` is calls a second."""
    bounds = _bounds(health, health.booked_until, rate)
    if health.open_until is not None:
        bounds.append((health.probe_until, PROBE_SECONDS))
    return latest_ahead(now, bounds)


def addable_at(health: ProviderHealth, now: datetime, *, rate: float = 0.0) -> datetime:
    """The earliest moment an order may be sent, as it looks now; nothing is reserved. `rate` is
    calls a second, of which orders have their share."""
    bounds = _bounds(health, health.adds_booked_until, rate * ADD_SHARE)
    bounds.append((health.next_add_at, longest_add_pause(health.provider)))
    return latest_ahead(now, bounds)


def longest_add_pause(provider: Provider) -> float:
    """Seconds that an order waits at most after the one before: the pause after an incident, or
    the last step after failures. What is further ahead was written by a clock that was ahead."""
    after_an_incident = _usual_or_eased(provider, eased=True).total_seconds()
    return max(after_an_incident, clocks.BREAKER_SECONDS[-1])


def _bounds(
    health: ProviderHealth, booked: datetime | None, rate: float
) -> list[tuple[datetime | None, float]]:
    """What every call waits for, each moment with the furthest that it may be ahead: the rest that
    was asked for, the breaker, and the bucket that is `booked` until then."""
    bounds: list[tuple[datetime | None, float]] = [
        (health.slow_until, clocks.RETRY_AFTER_CAP_SECONDS),
        (health.open_until, clocks.BREAKER_SECONDS[-1]),
    ]
    if booked is not None and rate:
        slack = _slack(rate)
        bounds.append((booked - timedelta(seconds=slack), _most_booked(rate) - slack))
    return bounds


def _most_booked(rate: float) -> float:
    """Seconds that the bucket is booked ahead at most, its burst and one call at the slowest pace:
    what is beyond was booked by a clock that was ahead."""
    return (_slack(rate) + 1 / rate) / SLOWEST_PACE


def _open_until(health: ProviderHealth, now: datetime) -> datetime | None:
    return still_ahead(health.open_until, now, clocks.BREAKER_SECONDS[-1])


def next_add(provider: Provider, *, now: datetime) -> float:
    """Reserve the account's next moment to send an order: 0 to send now, else seconds to wait.

    The spacing is counted from this reservation, which counts for the reads as well. Nothing is
    sent while the provider asks for fewer calls or while the breaker is open: an order is never
    the probe.
    """
    for _ in range(TRIES):
        health = read_health(provider)
        if health.open_until is not None:
            return max(_seconds_until(_open_until(health, now) or now, now), 1.0)
        rate = _rate(provider, health)
        if wait := _seconds_until(addable_at(health, now, rate=rate), now):
            return wait
        if _book_add(health, now, rate=rate, spaced=now + _spacing(provider, health, now)):
            return 0.0
    return SHORT_WAIT


def _book_add(health: ProviderHealth, now: datetime, *, rate: float, spaced: datetime) -> bool:
    """Write the order's call down, in both buckets, unless the row is no longer as we know it."""
    names = ("booked_until", "adds_booked_until", "next_add_at", "open_until")
    known = {name: getattr(health, name) for name in names}
    booked = {
        "booked_until": _one_more_call(health.booked_until, now, rate),
        "adds_booked_until": _one_more_call(health.adds_booked_until, now, rate * ADD_SHARE),
        "next_add_at": spaced,
    }
    return compare_and_set(ProviderHealth, health.pk, known, **booked)


def _one_more_call(booked_until: datetime | None, now: datetime, rate: float) -> datetime:
    booked = still_ahead(booked_until, now, _most_booked(rate)) or now
    return booked + timedelta(seconds=1 / rate)


def _spacing(provider: Provider, health: ProviderHealth, now: datetime) -> timedelta:
    """The pause after an order; longer for a while after an incident, never less than usual."""
    eased = health.eased_until is not None and health.eased_until > now
    return _usual_or_eased(provider, eased=eased)


def _usual_or_eased(provider: Provider, *, eased: bool) -> timedelta:
    usual = timedelta(milliseconds=provider.add_spacing_ms)
    return max(usual, EASED_LEAST) * clocks.EASED_SPACING if eased else usual


def _book(health: ProviderHealth, now: datetime, *, rate: float) -> bool:
    """Write the call down unless the row is no longer as we know it."""
    known = {name: getattr(health, name) for name in ("booked_until", "slow_until", "open_until")}
    booked: dict[str, Any] = {"booked_until": _one_more_call(health.booked_until, now, rate)}
    if health.open_until is not None:
        booked["probe_until"] = now + timedelta(seconds=PROBE_SECONDS)
    if not compare_and_set(ProviderHealth, health.pk, known, **booked):
        return False
    for name, moment in booked.items():
        setattr(health, name, moment)
    return True


def _slack(rate: float) -> float:
    """Seconds of calls that may be made at once after a quiet time, beside the call itself."""
    burst = max(2.0, rate * BURST_SECONDS)
    return (burst - 1) / rate


def _rate(provider: Provider, health: ProviderHealth) -> float:
    return max(provider.calls_per_minute, 1) / 60 * max(health.pace, SLOWEST_PACE)


def _seconds_until(moment: datetime, now: datetime) -> float:
    return max((moment - now).total_seconds(), 0.0)


def read_health(provider: Provider) -> ProviderHealth:
    """The row as it is now, not as it was when the provider was read."""
    health = ProviderHealth.objects.filter(pk=provider.pk).first()
    if health is None:
        ensure_leases(provider.pk)
        health = ProviderHealth.objects.get(pk=provider.pk)
    health.provider = provider
    return health
