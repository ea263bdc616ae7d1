"""Staff say that a text means *refused*: the orders that were answered with it are resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from core.models import User
from providers.actions.refusal_phrases import CannotAddPhrase, add_phrase, added_phrases
from providers.panel_api import Dialect, RefusalCode, Rejected
from providers.panel_api.answers.reread import Kept, read_again
from providers.panel_api.refusals.classify import MEANINGS, normalised, why_no_phrase

from ..models import Attempt, Order
from ..sending.replays import REPLAYED_AS
from ..status import Doubt, Outcome, Status
from . import not_placed

ORDERS_LOOKED_AT = 500  # other lost orders of an account, oldest first; the rest come later


@dataclass(frozen=True, slots=True)
class AnswerPhrase:
    """A phrase in the answer to a lost order, `words` as it is compared.

    `code` is what it is known to mean already. `obstacle` says why it cannot be added, or why
    it would resolve nothing here. `others` are the other lost orders it would resolve.
    """

    text: str
    words: str
    code: RefusalCode | None
    obstacle: str
    others: int


def phrase_in_answer(order: Order) -> AnswerPhrase | None:
    """The phrase in the answer to this lost order; None when it said nothing."""
    attempt = _lost_sends(order.provider_id).filter(order=order).first()
    if attempt is None:
        return None
    dialect = Dialect.from_profile(order.provider.dialect)
    kept = read_again(attempt.evidence, dialect)
    if not kept.said:
        return None
    text, code = _phrase_to_add(kept)
    obstacle = kept.obstacle or ("" if kept.refusal else why_no_phrase(text))
    words = normalised(text)
    others = 0 if obstacle else _others_with(order, words, dialect)
    is_known = kept.refusal is not None
    return AnswerPhrase(text, words, code if is_known else None, obstacle, others)


def _others_with(order: Order, words: str, dialect: Dialect) -> int:
    """Without those of a cost that no phrase resolves."""
    limit = not_placed.two_people_from(order.provider_id)
    rows = (attempt.order for attempt, _ in _lost_with(order, words, dialect))
    return sum(
        1 for one in rows if one.pk != order.pk and not not_placed.costs_as_much_as(one, limit)
    )


def add_refusal_phrase(
    order: Order,
    phrase: AnswerPhrase,
    code: RefusalCode,
    *,
    actor: User,
    now: datetime,
    seen: str | None = None,
) -> int:
    """Add the phrase to the account of this order, and resolve by it; the order itself while
    no more is known of it than `seen`, the word of the page.

    What it is known to mean already stands. How many orders were resolved. Raises CannotAddPhrase.
    """
    if phrase.obstacle:
        raise CannotAddPhrase(phrase.obstacle)
    if phrase.code is None:
        add_phrase(order.provider, phrase.text, code, actor=actor, now=now)
    return resolve_by_phrase(order, phrase.words, actor=actor, now=now, seen=seen)


def resolve_by_phrase(
    order: Order, words: str, *, actor: User, now: datetime, seen: str | None = None
) -> int:
    """Resolve this lost order and those of its account whose kept answer, by this phrase,
    proves a refusal."""
    provider = order.provider
    dialect = Dialect.from_profile(provider.dialect)
    added = {one.words: one for one in added_phrases(provider)}.get(words)
    evidence = {"phrase": words}
    if added and added.actor:
        evidence["added_by"] = added.actor.display_name
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
                text=f"Refused: “{words}” means it: {meaning}.",
                evidence={**evidence, "means": refusal.code.value},
                seen=seen if attempt.order_id == order.pk else None,
            )
    return resolved


def _lost_with(
    order: Order, words: str, dialect: Dialect
) -> Iterator[tuple[Attempt, Rejected | None]]:
    """Lost sends answered with this phrase, this order's first, each with the refusal it
    proves by now; of the others those of which nothing was ever found that they can be."""
    lost = _lost_sends(order.provider_id)
    others = lost.exclude(order=order).order_by("pk")[:ORDERS_LOOKED_AT]
    unseen = (one for one in others if not one.ever_seen)  # who decides looks at these first
    for attempt in (*lost.filter(order=order), *unseen):
        kept = read_again(attempt.evidence, dialect)
        if not kept.obstacle and any(normalised(text) == words for text, _ in kept.said):
            yield attempt, kept.refusal


def _lost_sends(provider_id: int) -> QuerySet[Attempt]:
    lost = Attempt.objects.filter(provider=provider_id, outcome=Outcome.UNKNOWN)
    lost = lost.exclude(code=Doubt.IS_THERE)  # a refusal that says so ends nothing
    lost = lost.exclude(evidence__has_key=REPLAYED_AS)  # nor does one of the first send alone
    return lost.filter(order__status=Status.UNCONFIRMED).select_related("order")


def _phrase_to_add(kept: Kept) -> tuple[str, RefusalCode]:
    """The first phrase nobody knows, else the first."""
    unknown = (one for one in kept.said if one[1] is RefusalCode.UNLISTED)
    return next(unknown, kept.said[0])
