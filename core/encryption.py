"""Text that is encrypted at rest under the desk's own key list."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


class WrongEncryptionKey(Exception):
    """A stored secret cannot be read with any key of FIELD_ENCRYPTION_KEYS."""


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty; see .env.example")
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Encrypt with the first key of the list."""
    return _ring(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Read with whichever key of the list fits; loud when none does."""
    try:
        return _ring(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken:
        raise WrongEncryptionKey(
            "A stored key was encrypted with a key that is not in FIELD_ENCRYPTION_KEYS."
        ) from None


def rotate(token: str) -> str:
    """The same secret under the first key of the list."""
    try:
        return _ring(tuple(settings.FIELD_ENCRYPTION_KEYS)).rotate(token.encode()).decode()
    except InvalidToken:
        raise WrongEncryptionKey(
            "A stored key was encrypted with a key that is not in FIELD_ENCRYPTION_KEYS."
        ) from None


if TYPE_CHECKING:
    TextColumn = models.TextField[Any, Any]
else:
    TextColumn = models.TextField


class EncryptedTextField(TextColumn):
    """Holds the ciphertext; `decrypt` is called where the secret is used and nowhere else.

    Reading a row never decrypts, so listing providers cannot fail on one lost key and a
    secret never sits in a model instance, a query log or a template context by accident.
    """

    def formfield(self, **kwargs: Any) -> Any:
        return None
