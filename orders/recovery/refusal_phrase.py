"""Staff say that a text means *refused*: the orders that were answered with it are resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from core.models import User
from providers.actions.sentences import CannotTeach, taught_phrases, teach_phrase
from providers.panel_api import Dialect, RefusalCode, Rejected
from providers.panel_api.answers.reread import Kept, read_again
from providers.panel_api.refusals.classify import MEANINGS, normalised, why_not_taught

from ..models import Attempt, Order
from ..sending.repeats import REPEATED_AS
from ..status import Doubt, Outcome, Status
from . import not_placed

ORDERS_LOOKED_AT = 500  # other lost orders of an account, oldest first; the rest come later


@dataclass(frozen=True, slots=True)
class Lesson:
    """A sentence in the answer to a lost order, `words` as it is compared.

    `code` is what it is known to mean already. `obstacle` says why it cannot be taught, or why
    it would resolve nothing here. `others` are the other lost orders it would resolve.
    """

    sentence: str
    words: str
    code: RefusalCode | None
    obstacle: str
    others: int


def lesson_of(order: Order) -> Lesson | None:
    """What can be learned from the answer to this lost order; None when it said nothing."""
    attempt = _lost_sends(order.provider_id).filter(order=order).first()
    if attempt is None:
        return None
    dialect = Dialect.from_profile(order.provider.dialect)
    kept = read_again(attempt.evidence, dialect)
    if not kept.said:
        return None
    sentence, code = _to_be_taught(kept)
    obstacle = kept.obstacle or ("" if kept.refusal else why_not_taught(sentence))
    words = normalised(sentence)
    alike = 0 if obstacle else sum(1 for _ in _lost_with(order, words, dialect))
    is_known = kept.refusal is not None
    return Lesson(sentence, words, code if is_known else None, obstacle, max(alike - 1, 0))


def teach_refusal(
    order: Order, lesson: Lesson, code: RefusalCode, *, actor: User, now: datetime
) -> int:
    """Teach the account of this order what the sentence means, and resolve by it.

    What it is known to mean already stands. How many orders were resolved. Raises CannotTeach.
    """
    if lesson.obstacle:
        raise CannotTeach(lesson.obstacle)
    if lesson.code is None:
        teach_phrase(order.provider, lesson.sentence, code, actor=actor, now=now)
    return resolve_taught(order, lesson.words, actor=actor, now=now)


def resolve_taught(order: Order, words: str, *, actor: User, now: datetime) -> int:
    """Settle this lost order and those of its account whose kept answer, by this sentence,
    proves a refusal."""
    provider = order.provider
    dialect = Dialect.from_profile(provider.dialect)
    taught = {one.words: one for one in taught_phrases(provider)}.get(words)
    evidence = {"sentence": words}
    if taught and taught.actor:
        evidence["taught_by"] = taught.actor.display_name
    resolved = 0
    for attempt, refusal in _lost_with(order, words, dialect):
        if refusal is not None:
            meaning = MEANINGS.get(refusal.code, refusal.code.value)
            resolved += not_placed.resolve_refused(
                attempt.order,
                attempt,
                refusal,
                actor=actor,
                now=now,
                text=f"Refused, as “{words}” was taught: {meaning}.",
                evidence={**evidence, "means": refusal.code.value},
            )
    return resolved


def _lost_with(
    order: Order, words: str, dialect: Dialect
) -> Iterator[tuple[Attempt, Rejected | None]]:
    """Lost sends answered with this sentence, this order's first, each with the refusal it
    proves by now."""
    lost = _lost_sends(order.provider_id)
    others = lost.exclude(order=order).order_by("pk")[:ORDERS_LOOKED_AT]
    for attempt in (*lost.filter(order=order), *others):
        kept = read_again(attempt.evidence, dialect)
        if not kept.obstacle and any(normalised(text) == words for text, _ in kept.said):
            yield attempt, kept.refusal


def _lost_sends(provider_id: int) -> QuerySet[Attempt]:
    lost = Attempt.objects.filter(provider=provider_id, outcome=Outcome.UNKNOWN)
    lost = lost.exclude(code=Doubt.IS_THERE)  # a refusal that says so ends nothing
    lost = lost.exclude(evidence__has_key=REPEATED_AS)  # nor does one of the first send alone
    return lost.filter(order__status=Status.UNCONFIRMED).select_related("order")


def _to_be_taught(kept: Kept) -> tuple[str, RefusalCode]:
    """The first sentence nobody knows, else the first."""
    unknown = (one for one in kept.said if one[1] is RefusalCode.UNLISTED)
    return next(unknown, kept.said[0])
