"""Where rows and client meet: the only place that decrypts a provider's key."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from core import clocks
from core.encryption import WrongEncryptionKey, decrypt
from core.redaction import redact, remember_secret

from .models import Provider
from .panel_api import Credentials, Dialect, PanelClient, SecretKey, Transport
from .panel_api.http.urls import origin

Connect = Callable[[Provider], PanelClient]


class NoKey(Exception):
    """The account has no key: its address was changed, or it was never given one."""


@lru_cache(maxsize=1)
def shared_transport() -> Transport:
    """One pool of connections for the whole process."""
    loopback = {str(origin(settings.SANDBOX_URL))} if settings.SANDBOX_URL else set()
    return Transport(
        loopback_origins=frozenset(loopback),
        ports=tuple(settings.PROVIDER_PORTS),
        connect_timeout=clocks.PROVIDER_CONNECT_SECONDS,
        deadline=clocks.PROVIDER_DEADLINE_SECONDS,
        catalog_deadline=clocks.CATALOG_DEADLINE_SECONDS,
    )


def checked_address(url: str) -> str:
    """The address in its normal spelling. Raises UnsafeUrl with a message for staff."""
    return shared_transport().checked(url)


@sensitive_variables()
def batch_size(provider: Provider) -> int:
    """The most orders one call may be about."""
    return dialect_of(provider).batch_size


def dialect_of(provider: Provider) -> Dialect:
    return Dialect.from_profile(provider.dialect, largest_batch=provider.batch_size)


def client_for(provider: Provider) -> PanelClient:
    """A client for this account. Raises NoKey, or WrongEncryptionKey when it cannot be read."""
    if not provider.key_ciphertext:
        raise NoKey(f"{provider.name} has no key.")
    key = decrypt(provider.key_ciphertext)
    remember_secret(key)
    credentials = Credentials(provider.url, key)
    return PanelClient(credentials, dialect_of(provider), shared_transport(), now=clocks.common_now)


@sensitive_variables()
def redactor_for(provider: Provider) -> Callable[[str], str]:
    """Takes this account's key, in every spelling, and all live secrets out of a text.

    A key that cannot be read cannot be looked for either: what is kept was freed of it before.
    """
    try:
        key = decrypt(provider.key_ciphertext) if provider.key_ciphertext else ""
        remember_secret(key)
        secret = SecretKey(key)
    except (WrongEncryptionKey, ValueError):
        return redact
    return lambda text: redact(secret.redact(text))
