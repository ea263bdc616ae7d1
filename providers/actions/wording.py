"""What a provider means by its own words for a status. Taught by staff, kept with the account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from core.models import User
from providers.models import Provider
from providers.panel_api import Dialect, OrderState
from providers.panel_api.words import plain_word

LONGEST_WORD = 64


def teach_word(
    provider: Provider, word: str, meaning: OrderState, *, actor: User | None, now: datetime
) -> bool:
    """From now on this word, however it is spelled, means this. False: it did already.

    A word of digits is also known as a code, which some providers send as a number.
    """
    with transaction.atomic():
        dialect = _locked(provider)
        key = plain_word(word)[:LONGEST_WORD]
        if not key or words_of(dialect).get(key) is meaning:
            return False
        _keep(
            provider,
            dialect,
            {**_without(dialect.status_words, key), key: meaning},
            {**_without(dialect.status_codes, key), **({key: meaning} if key.isdecimal() else {})},
        )
        provider.remember(
            f"The status word “{key}” means {_spelled(meaning)}.", now=now, actor=actor
        )
    return True


def forget_word(provider: Provider, word: str, *, actor: User | None, now: datetime) -> bool:
    """Undo it: the word is unknown again, and what it did to orders stays. False: it was not
    known."""
    with transaction.atomic():
        dialect = _locked(provider)
        key = plain_word(word)[:LONGEST_WORD]
        if key not in words_of(dialect):
            return False
        _keep(
            provider,
            dialect,
            _without(dialect.status_words, key),
            _without(dialect.status_codes, key),
        )
        provider.remember(f"The status word “{key}” is unknown again.", now=now, actor=actor)
    return True


def words_of(dialect: Dialect) -> dict[str, OrderState]:
    """The account's own words, in plain spelling, with what they mean."""
    return {
        plain_word(word): meaning
        for word, meaning in {**dialect.status_codes, **dialect.status_words}.items()
    }


def _locked(provider: Provider) -> Dialect:
    """The profile as it is now, kept from others until the transaction ends. (On SQLite every
    transaction has the database to itself.)"""
    profile = Provider.objects.select_for_update().values_list("dialect", flat=True)
    return Dialect.from_profile(profile.get(pk=provider.pk))


def _keep(
    provider: Provider,
    dialect: Dialect,
    words: Mapping[str, OrderState],
    codes: Mapping[str, OrderState],
) -> None:
    profile = dialect.changed(status_words=words, status_codes=codes).to_profile()
    Provider.objects.filter(pk=provider.pk).update(dialect=profile)
    provider.dialect = profile


def _without(words: Mapping[str, OrderState], key: str) -> dict[str, OrderState]:
    return {word: meaning for word, meaning in words.items() if plain_word(word) != key}


def _spelled(meaning: OrderState) -> str:
    return meaning.value.replace("_", " ")
