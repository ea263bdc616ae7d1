"""What a provider means by its own sentences of refusal. Taught by staff, kept with the account.

A sentence is known by its plain words (`normalised`), as every answer is compared with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.models import User
from providers.models import Provider, ProviderEvent
from providers.panel_api import Dialect, RefusalCode
from providers.panel_api.refusals.classify import MEANINGS, normalised, why_not_taught

from .learning import change_dialect

MOST_SENTENCES = 200
_TAUGHT = "An answer “{words}” means a refusal: {meaning}."
_FORGOTTEN = "An answer “{words}” proves nothing again."


class CannotTeach(Exception):
    """This sentence, or this meaning, is not to be taught; the words are for staff."""


@dataclass(frozen=True, slots=True)
class TaughtPhrase:
    """`words` as they are compared. `actor` and `at` are None where the history does not say."""

    words: str
    code: RefusalCode
    actor: User | None = None
    at: datetime | None = None

    @property
    def meaning(self) -> str:
        return MEANINGS.get(self.code, self.code.value.replace("_", " "))


def teach_phrase(
    provider: Provider, sentence: str, code: RefusalCode, *, actor: User | None, now: datetime
) -> bool:
    """From now on an answer with this sentence is a refusal. False: it was known as that.

    Raises CannotTeach.
    """
    if why := why_not_taught(sentence):
        raise CannotTeach(why)
    if code not in MEANINGS:
        raise CannotTeach("This does not say why an order was refused.")
    words = normalised(sentence)
    known = sentences_of(Dialect.from_profile(provider.dialect))
    if len(known) >= MOST_SENTENCES and words not in known:
        raise CannotTeach(f"It has {MOST_SENTENCES} of its own already: forget some first.")

    def taught(dialect: Dialect) -> Dialect:
        return dialect.changed(refusals={**sentences_of(dialect), words: code})

    text = _TAUGHT.format(words=words, meaning=MEANINGS[code])
    return change_dialect(provider, taught, text, actor=actor, now=now, phrase=words)


def forget_phrase(provider: Provider, words: str, *, actor: User | None, now: datetime) -> bool:
    """Undo it: the sentence proves nothing again, and what it did to orders stays. False: it
    was not known."""

    def forgotten(dialect: Dialect) -> Dialect:
        known = sentences_of(dialect)
        known.pop(normalised(words), None)
        return dialect.changed(refusals=known)

    text = _FORGOTTEN.format(words=normalised(words))
    return change_dialect(provider, forgotten, text, actor=actor, now=now)


def sentences_of(dialect: Dialect) -> dict[str, RefusalCode]:
    """The account's own sentences, by their plain words."""
    return {normalised(sentence): code for sentence, code in dialect.refusals.items()}


def taught_phrases(provider: Provider) -> list[TaughtPhrase]:
    """The account's own sentences, and who taught each of them last."""
    known = sorted(sentences_of(Dialect.from_profile(provider.dialect)).items())
    lines = provider.events.exclude(phrase="").filter(phrase__in=[words for words, _ in known])
    newest = {event.phrase: event for event in lines.select_related("actor").order_by("pk")}
    return [_as_taught(words, code, newest.get(words)) for words, code in known]


def _as_taught(words: str, code: RefusalCode, event: ProviderEvent | None) -> TaughtPhrase:
    if event is None:
        return TaughtPhrase(words, code)
    return TaughtPhrase(words, code, event.actor, event.at)
