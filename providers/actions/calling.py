"""One read of a provider, within its token bucket and remembered in its health."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from core.clocks import Clock
from core.encryption import WrongEncryptionKey
from core.redaction import redact
from providers.models import Provider, ProviderHealth
from providers.panel_api import ProviderError

from .note_calls import note_failure, note_failure_of_one_action, note_success
from .token_bucket import take_call

Read = TypeVar("Read")
log = logging.getLogger(__name__)


class MustWait(Exception):
    """The account may not be called for another `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Not to be called for another {seconds:.0f} s.")
        self.seconds = seconds


def ask(
    provider: Provider,
    question: Callable[[], Read],
    *,
    clock: Clock,
    answered: Callable[[ProviderError], bool] = lambda error: False,
    placing_needs_it: bool = True,
) -> Read:
    """The answer to one reading call. Raises MustWait without calling, ProviderError after.

    `answered` says of an error that the provider is well all the same and only this answer
    was not what we wanted. Unless `placing_needs_it`, a failure of this call alone does not keep
    orders from being sent.
    """
    if wait := take_call(provider, now=clock()):
        raise MustWait(wait)
    started = time.monotonic()
    try:
        answer = question()
    except ProviderError as error:
        log.warning("%s (account %s): %s", type(error).__name__, provider.pk, redact(error.reason))
        if answered(error):
            note_success(provider, now=clock(), elapsed_ms=_since(started))
        elif placing_needs_it:
            note_failure(provider, error, now=clock())
        else:
            note_failure_of_one_action(provider, error, now=clock())
        raise
    note_success(provider, now=clock(), elapsed_ms=_since(started))
    return answer


def note_no_way_in(provider: Provider, error: Exception, *, now: datetime) -> None:
    """The account has no key, or one that cannot be read: loud in the log, shown in its health."""
    log.error("Account %s cannot be called: %s", provider.pk, error)
    note_failure(provider, ProviderError(str(error)), now=now)
    if isinstance(error, WrongEncryptionKey):
        ProviderHealth.objects.filter(pk=provider.pk).update(key_unreadable_at=now)


def note_way_in(provider: Provider) -> None:
    """The stored key can be read again."""
    ProviderHealth.objects.filter(pk=provider.pk).update(key_unreadable_at=None)


def _since(started: float) -> float:
    return (time.monotonic() - started) * 1000
