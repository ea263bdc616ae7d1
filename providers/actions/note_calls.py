"""What a call says of its account, kept in the health row: pace, breaker, latency, last error."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, DateTimeField, F, FloatField, Q, QuerySet, Value, When
from django.db.models.functions import Greatest, Least

from core import clocks
from core.redaction import redact
from core.rows.bulk import one_writer
from providers.models import Provider, ProviderHealth
from providers.panel_api.errors import (
    AccountRefused,
    BatchRefused,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    RefusalCode,
    SlowDown,
    Unavailable,
)

from .token_bucket import SLOWEST_PACE, read_health

PACE_REGAINED_PER_CALL = 0.01
LATENCY_SHARE = 0.2  # of the newest call in the moving average


def health_row(provider: Provider) -> QuerySet[ProviderHealth]:
    return ProviderHealth.objects.filter(pk=provider.pk)


def note_success(provider: Provider, *, now: datetime, elapsed_ms: float | None = None) -> None:
    """The account answered: the breaker lets calls through, its pace grows back a little."""
    average = {} if elapsed_ms is None else {"latency_ms": _average(elapsed_ms)}
    with one_writer():
        health_row(provider).update(
            last_ok_at=now,
            **average,
            pace=Least(F("pace") + PACE_REGAINED_PER_CALL, Value(1.0)),
            failures=0,
            open_until=None,
            probe_until=None,
            key_refused_at=None,
            key_unreadable_at=None,
        )


def _average(elapsed_ms: float) -> Case:
    newest = Value(float(elapsed_ms), output_field=FloatField())
    moved = F("latency_ms") * (1 - LATENCY_SHARE) + newest * LATENCY_SHARE
    return Case(When(latency_ms=None, then=newest), default=moved)


def note_failure_of_one_action(provider: Provider, error: ProviderError, *, now: datetime) -> None:
    """A read that placing does not need (balance, catalog) failed after its request had left.

    That says nothing of the others: it is remembered, and an account that was well may be sent
    orders. An account that was down already stays down for its next step. What is said of the key
    or the pace, and a host that cannot be reached, is about all of it.
    """
    left = error.evidence is not None and error.evidence.bytes_left
    was_down = health_row(provider).filter(open_until__isnull=False).exists()
    if type(error) is Unavailable and left and not was_down:
        words = redact(error.reason)[:300]
        health_row(provider).update(last_error=words, last_error_at=now)
        return
    note_failure(provider, error, now=now)


def note_failure(provider: Provider, error: ProviderError, *, now: datetime) -> None:
    """Write down what went wrong and how long to leave the account alone for it.

    Refusals of one request, and answers that were lost, say nothing of the account's health:
    they are only remembered. That its key is refused says nothing once it has another.
    """
    read_health(provider)
    words, change = redact(error.reason)[:300], _consequence(error, now)
    row = with_same_key(provider) if "key_refused_at" in change else health_row(provider)
    row.update(last_error=words, last_error_at=now, **change)


def with_same_key(provider: Provider) -> QuerySet[ProviderHealth]:
    """The health of the account, if its address and key are those that `provider` was read with."""
    return health_row(provider).filter(provider__version=provider.version)


def _consequence(error: ProviderError, now: datetime) -> dict[str, Any]:
    match error:
        case SlowDown() | OutcomeUnknown(account_trouble=RefusalCode.RATE_LIMIT):
            asked = error.until or now + timedelta(seconds=clocks.RATE_LIMIT_PAUSE_SECONDS)
            until = min(asked, now + timedelta(seconds=clocks.RETRY_AFTER_CAP_SECONDS))
            slower = Greatest(F("pace") / 2, Value(SLOWEST_PACE))
            return {"pace": slower, "slow_until": until, "probe_until": None}
        case AccountRefused() | OutcomeUnknown(account_trouble=RefusalCode.KEY):
            until = now + timedelta(seconds=clocks.BREAKER_SECONDS[-1])
            return {"key_refused_at": now, "open_until": until, "probe_until": None}
        case BatchRefused():
            return {}
        case Unavailable() | NotSent():
            steps = {"open_until": _open_longer(now), "failures": _one_more(now)}
            return {**steps, "probe_until": None}
    return {}


def _open_longer(now: datetime) -> Case:
    """Longer with each failure in a row; failures of calls already under way do not add up."""
    steps = [now + timedelta(seconds=seconds) for seconds in clocks.UNREACHABLE_SECONDS]
    return Case(
        When(_is_open(now), then=F("open_until")),
        *(When(failures=count, then=Value(moment)) for count, moment in enumerate(steps)),
        default=Value(steps[-1]),
        output_field=DateTimeField(),
    )


def _one_more(now: datetime) -> Case:
    return Case(When(_is_open(now), then=F("failures")), default=F("failures") + 1)


def _is_open(now: datetime) -> Q:
    latest = clocks.furthest(now, clocks.BREAKER_SECONDS[-1])
    return Q(open_until__gt=now, open_until__lte=latest)
