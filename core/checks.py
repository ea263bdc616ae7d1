"""System checks that refuse to start without real secrets."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def encryption_keys_are_usable(**kwargs: Any) -> list[CheckMessage]:
    """FIELD_ENCRYPTION_KEYS must be a list of Fernet keys, newest first."""
    keys = settings.FIELD_ENCRYPTION_KEYS
    if not keys:
        return [
            Error(
                "FIELD_ENCRYPTION_KEYS is empty.",
                hint="`make run` writes one for you; elsewhere: `python manage.py new_secrets`.",
                id="core.E001",
            )
        ]
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        return [Error("FIELD_ENCRYPTION_KEYS holds something that is no key.", id="core.E002")]
    return []
