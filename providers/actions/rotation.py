"""Putting stored keys under another encryption key."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.encryption import WrongEncryptionKey, rotate
from providers.models import Provider


@dataclass(slots=True)
class Rotated:
    """`unreadable` names the accounts whose key no encryption key of the list fits."""

    done: int = 0
    unreadable: list[str] = field(default_factory=list)


def rotate_keys() -> Rotated:
    """Encrypt every stored key with the first encryption key; one that cannot be read is left as
    it is. The account stays the same: its version does not rise and nothing in flight is refused.
    """
    rotated = Rotated()
    for provider in Provider.objects.with_key().order_by("pk"):
        try:
            fresh = rotate(provider.key_ciphertext)
        except WrongEncryptionKey:
            rotated.unreadable.append(provider.name)
            continue
        # The filter: a key that staff entered meanwhile must not be overwritten with the old one.
        same = Provider.objects.filter(pk=provider.pk, key_ciphertext=provider.key_ciphertext)
        rotated.done += same.update(key_ciphertext=fresh)
    return rotated
