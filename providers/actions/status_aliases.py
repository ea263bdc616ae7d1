"""What a provider means by its own words for a status. Added by staff, kept with the account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.models import User
from providers.models import Provider
from providers.panel_api import Dialect, OrderState
from providers.panel_api.answers.status_aliases import plain_word

from .learning import change_dialect

LONGEST_WORD = 64


def add_alias(
    provider: Provider, word: str, meaning: OrderState, *, actor: User | None, now: datetime
) -> bool:
    """From now on this word, however it is spelled, means this. False: it has a meaning already,
    which is forgotten first: who gives it another has seen a page on which nobody knew it.

    A word of digits is also known as a code, which some providers send as a number.
    """
    key = plain_word(word)[:LONGEST_WORD]

    def added(dialect: Dialect) -> Dialect:
        if not key or key in aliases_of(dialect):
            return dialect
        code = {key: meaning} if key.isdecimal() else {}
        return dialect.changed(
            status_words={**_without(dialect.status_words, key), key: meaning},
            status_codes={**_without(dialect.status_codes, key), **code},
        )

    text = f"The status word “{key}” means {_spelled(meaning)}."
    return change_dialect(provider, added, text, actor=actor, now=now)


def forget_alias(provider: Provider, word: str, *, actor: User | None, now: datetime) -> bool:
    """Undo it: the word is unknown again, and what it did to orders stays. False: it was not
    known."""
    key = plain_word(word)[:LONGEST_WORD]

    def forgotten(dialect: Dialect) -> Dialect:
        return dialect.changed(
            status_words=_without(dialect.status_words, key),
            status_codes=_without(dialect.status_codes, key),
        )

    text = f"The status word “{key}” is unknown again."
    return change_dialect(provider, forgotten, text, actor=actor, now=now)


def aliases_of(dialect: Dialect) -> dict[str, OrderState]:
    """The account's own words, in plain spelling, with what they mean."""
    return {
        plain_word(word): meaning
        for word, meaning in {**dialect.status_codes, **dialect.status_words}.items()
    }


def _without(words: Mapping[str, OrderState], key: str) -> dict[str, OrderState]:
    return {word: meaning for word, meaning in words.items() if plain_word(word) != key}


def _spelled(meaning: OrderState) -> str:
    return meaning.value.replace("_", " ")
