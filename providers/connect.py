"""Where rows and client meet: the only place that decrypts a provider's key."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from core.encryption import decrypt
from core.redaction import remember_secret

from .models import Provider
from .panel_api import Credentials, Dialect, PanelClient, Transport


class NoKey(Exception):
    """The account has no key: its address was changed, or it was never given one."""


@lru_cache(maxsize=1)
def shared_transport() -> Transport:
    """One pool of connections for the whole process."""
    loopback = {settings.SANDBOX_URL} if settings.SANDBOX_URL else set()
    return Transport(loopback_origins=frozenset(loopback), ports=tuple(settings.PROVIDER_PORTS))


@sensitive_variables()
def client_for(provider: Provider) -> PanelClient:
    """A client for this account. Raises NoKey, or WrongEncryptionKey when it cannot be read."""
    if not provider.key_ciphertext:
        raise NoKey(f"{provider.name} has no key.")
    key = decrypt(provider.key_ciphertext)
    remember_secret(key)
    return PanelClient(
        Credentials(provider.url, key),
        dialect=Dialect.from_profile(provider.dialect),
        transport=shared_transport(),
    )
