"""What was decided not to be there, and is: the order is in doubt again, and buys nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from core.texts import LONGEST_TEXT
from providers.identity import rows_of
from providers.same_ids import spellings

from ..models import Attempt, EventKind, Order
from ..status import (
    NOTHING_BOUGHT,
    REOPENED_BY_PROOF,
    Doubt,
    Outcome,
    Resolution,
    Status,
)
from .replays import CANDIDATE, SEEN_THERE, UNSAID, with_names_of


def reopen(
    attempt: Attempt, order: Order, external_id: str, words: str, *, now: datetime, **seen: Any
) -> bool:
    """To be called in a transaction, which is to be taken back where this is False: somebody else
    moved the order, or the attempt is gone. No search ends such a doubt; the id is offered to be
    linked. Sends of other orders go on: no halt is placed for it."""
    kept = {name: value for name, value in attempt.evidence.items() if name != SEEN_THERE}
    evidence = with_names_of(attempt.evidence, {**kept, **seen, CANDIDATE: external_id})
    late = {**attempt.late, "reopened": True} if attempt.late else {}
    doubted = Attempt.objects.same_as(attempt).update(
        outcome=Outcome.UNKNOWN,
        code=Doubt.IS_THERE,
        resolution=Resolution.NONE,
        resolved_by=None,
        searched_at=now,
        unknown_at=attempt.unknown_at or now,
        reason=words[:LONGEST_TEXT],
        evidence=evidence,
        late=late,
        **UNSAID,
    )
    if not doubted:
        return False
    if order.status == Status.UNCONFIRMED:
        return _still_in_doubt(order, words, evidence, now)
    return order.move(
        Status.UNCONFIRMED, now=now, text=words, evidence=evidence, reason=words[:LONGEST_TEXT]
    )


def reopen_contradicted(order: Order, *, now: datetime) -> bool:
    """Once a later try has ended without buying anything, a late acceptance of an earlier one that
    nobody has decided about yet counts, and so does an id that could be it: the order must not be
    sent a third time. In the transaction that ended it, so no try is live. As `reopen`."""
    attempt = contradicted(order)
    if attempt is None or order.status not in REOPENED_BY_PROOF:
        return True
    return believe_what_contradicts(attempt, order, now=now)


def believe_what_contradicts(attempt: Attempt, order: Order, *, now: datetime) -> bool:
    """This attempt, which is `contradicted`, may have bought the order. As `reopen`."""
    if _is_undecided(attempt.late):
        number = str(attempt.late["external_id"])
        words = f"Attempt {attempt.number} was answered late: the provider took it as {number}."
    else:
        number = attempt.evidence[SEEN_THERE]
        words = f"The provider has {number}, which could be attempt {attempt.number}."
    return reopen(attempt, order, number, words, now=now)


def contradicted(order: Order) -> Attempt | None:
    """An attempt that counts as not there although the provider said that it took it, or has an id
    that could be it, which nobody has decided about since."""
    decided = order.attempts.filter(outcome__in=NOTHING_BOUGHT).order_by("number")
    told = decided.filter(~Q(late={}) | Q(evidence__has_key=SEEN_THERE))
    return next((one for one in told if _is_undecided(one.late) or _is_seen(one, order)), None)


def note_seen(attempt: Attempt, external_id: str) -> None:
    """For when the later try that is under way has ended."""
    seen = {**attempt.evidence, SEEN_THERE: external_id}
    counted = Attempt.objects.same_as(attempt).filter(outcome__in=NOTHING_BOUGHT)
    counted.update(evidence=seen)


def note_taken_since(order: Order, external_id: str) -> None:
    """While it is unknown what became of an earlier try: a later one, which has no row, was taken
    as this. It is offered, and once the earlier try is said not to be there it counts."""
    lost = order.attempts.select_for_update().filter(outcome=Outcome.UNKNOWN).first()
    if lost is not None:
        named = with_names_of(lost.evidence, {**lost.evidence, CANDIDATE: external_id})
        seen = {**named, SEEN_THERE: external_id}
        Attempt.objects.filter(pk=lost.pk).update(evidence=seen, **UNSAID)


def _is_seen(attempt: Attempt, order: Order) -> bool:
    """And the id has not become another order's meanwhile."""
    number = attempt.evidence.get(SEEN_THERE)
    if not number:
        return False
    rows, same = rows_of(order.provider_id), spellings([number])
    others = Order.objects.filter(provider__in=rows, external_id__in=same).exclude(pk=order.pk)
    return not others.exists()


def _still_in_doubt(order: Order, words: str, evidence: dict[str, Any], now: datetime) -> bool:
    """It stays where it is, for another reason."""
    mine = Order.objects.filter(pk=order.pk, status=Status.UNCONFIRMED)
    if not mine.update(reason=words[:LONGEST_TEXT], changed_at=now):
        return False
    order.remember(EventKind.EVIDENCE, now=now, text=words, evidence=evidence)
    return True


def _is_undecided(late: dict[str, Any]) -> bool:
    """`reopened` says that this answer has had its effect: what a person decides next stands."""
    return late.get("outcome") == Outcome.ACCEPTED and not late.get("reopened")
