"""What a provider means by its own refusal phrases. Added by staff, kept with the account.

A phrase is known by its plain words (`normalised`), as every answer is compared with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.models import User
from providers.models import Provider, ProviderEvent
from providers.panel_api import Dialect, RefusalCode
from providers.panel_api.refusals.classify import MEANINGS, normalised, why_no_phrase

from .learning import change_dialect

MOST_PHRASES = 200
_ADDED = "An answer “{words}” means a refusal: {meaning}."
_FORGOTTEN = "An answer “{words}” proves nothing again."


class CannotAddPhrase(Exception):
    """This phrase, or this meaning, is not to be added; the words are for staff."""


@dataclass(frozen=True, slots=True)
class AddedPhrase:
    """`words` as they are compared. `actor` and `at` are None where the history does not say."""

    words: str
    code: RefusalCode
    actor: User | None = None
    at: datetime | None = None

    @property
    def meaning(self) -> str:
        return MEANINGS.get(self.code, self.code.value.replace("_", " "))


def add_phrase(
    provider: Provider, phrase: str, code: RefusalCode, *, actor: User | None, now: datetime
) -> bool:
    """From now on an answer with this phrase is a refusal. False: it was known as that.

    Raises CannotAddPhrase.
    """
    if why := why_no_phrase(phrase):
        raise CannotAddPhrase(why)
    if code not in MEANINGS:
        raise CannotAddPhrase("This does not say why an order was refused.")
    words = normalised(phrase)
    known = phrases_of(Dialect.from_profile(provider.dialect))
    if len(known) >= MOST_PHRASES and words not in known:
        raise CannotAddPhrase(f"It has {MOST_PHRASES} of its own already: forget some first.")

    def added(dialect: Dialect) -> Dialect:
        return dialect.changed(refusals={**phrases_of(dialect), words: code})

    text = _ADDED.format(words=words, meaning=MEANINGS[code])
    return change_dialect(provider, added, text, actor=actor, now=now, phrase=words)


def forget_phrase(provider: Provider, words: str, *, actor: User | None, now: datetime) -> bool:
    """Undo it: the phrase proves nothing again, and what it did to orders stays. False: it
    was not known."""

    def forgotten(dialect: Dialect) -> Dialect:
        known = phrases_of(dialect)
        known.pop(normalised(words), None)
        return dialect.changed(refusals=known)

    text = _FORGOTTEN.format(words=normalised(words))
    return change_dialect(provider, forgotten, text, actor=actor, now=now)


def phrases_of(dialect: Dialect) -> dict[str, RefusalCode]:
    """The account's own phrases, by their plain words."""
    return {normalised(phrase): code for phrase, code in dialect.refusals.items()}


def added_phrases(provider: Provider) -> list[AddedPhrase]:
    """The account's own phrases, and who added each of them last."""
    known = sorted(phrases_of(Dialect.from_profile(provider.dialect)).items())
    lines = provider.events.exclude(phrase="").filter(phrase__in=[words for words, _ in known])
    newest = {event.phrase: event for event in lines.select_related("actor").order_by("pk")}
    return [_with_event(words, code, newest.get(words)) for words, code in known]


def _with_event(words: str, code: RefusalCode, event: ProviderEvent | None) -> AddedPhrase:
    if event is None:
        return AddedPhrase(words, code)
    return AddedPhrase(words, code, event.actor, event.at)
