"""System checks that refuse to start without real secrets."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

HOW = "`make run` writes one for you; elsewhere: `python manage.py new_secrets`."
SHORTEST_SECRET_KEY = 40


@register()
def encryption_keys_are_usable(**kwargs: Any) -> list[CheckMessage]:
    """FIELD_ENCRYPTION_KEYS must be a list of Fernet keys, newest first."""
    keys = settings.FIELD_ENCRYPTION_KEYS
    if not keys:
        return [Error("FIELD_ENCRYPTION_KEYS is empty.", hint=HOW, id="core.E001")]
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        return [Error("FIELD_ENCRYPTION_KEYS holds something that is no key.", id="core.E002")]
    return []


@register()
def secret_key_is_secret(**kwargs: Any) -> list[CheckMessage]:
    """SECRET_KEY must be there, long, and not one from a tutorial."""
    try:
        key: str = settings.SECRET_KEY
    except ImproperlyConfigured:
        return [Error("SECRET_KEY is empty.", hint=HOW, id="core.E003")]
    if len(key) < SHORTEST_SECRET_KEY or key.startswith(("django-insecure", "change")):
        return [Error("SECRET_KEY is too short or a well-known one.", hint=HOW, id="core.E004")]
    return []


@register(Tags.security, deploy=True)
def nobody_plays_in_production(**kwargs: Any) -> list[CheckMessage]:
    """The sandbox is the only address on the machine itself that the desk would call."""
    if settings.SANDBOX_URL:
        return [Warning("DESK_SANDBOX_URL is set: leave it out in production.", id="core.W001")]
    return []
