"""A page that asks a provider while somebody waits: whatever keeps it from that is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages

from core.encryption import WrongEncryptionKey
from core.web.policy import StaffRequest
from providers.actions.calling import MustWait
from providers.connect import NoKey
from providers.panel_api import ProviderError

Found = TypeVar("Found")


def asked(request: StaffRequest, question: Callable[[], Found]) -> Found | None:
    """The answer; None where there is none, and then the page tells why."""
    try:
        return question()
    except MustWait as busy:
        words = f"It may not be asked for another {busy.seconds:.0f} seconds."
    except ProviderError as error:
        words = f"The provider could not be asked: {error.reason}"
    except (NoKey, WrongEncryptionKey):
        words = "The provider cannot be asked: its key is missing or unreadable."
    messages.warning(request, words)
    return None
