"""What was decided not to be there, and is: the order is in doubt again, and buys nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..models import Attempt, EventKind, Order
from ..status import (
    LIVE_OUTCOMES,
    NOTHING_BOUGHT,
    REOPENED_BY_PROOF,
    Doubt,
    Outcome,
    Resolution,
    Status,
)


def reopen(
    attempt: Attempt, order: Order, external_id: str, words: str, *, now: datetime, **seen: Any
) -> bool:
    """To be called in a transaction, which is to be taken back where this is False: somebody else
    moved the order. No search ends such a doubt; the id is offered to be linked. Sends of other
    orders go on: no gate is closed for it."""
    evidence = {**attempt.evidence, **seen, "candidate_id": external_id}
    late = {**attempt.late, "reopened": True} if attempt.late else {}
    Attempt.objects.filter(pk=attempt.pk).update(
        outcome=Outcome.UNKNOWN,
        code=Doubt.IS_THERE,
        resolution=Resolution.NONE,
        resolved_by=None,
        confirmed_by=None,
        confirmed_at=None,
        looked_at=now,
        unknown_at=attempt.unknown_at or now,
        reason=words[:500],
        evidence=evidence,
        late=late,
    )
    if order.status == Status.UNCONFIRMED:
        return _still_in_doubt(order, words, evidence, now)
    return order.move(
        Status.UNCONFIRMED, now=now, text=words, evidence=evidence, reason=words[:500]
    )


def reopen_contradicted(order: Order, *, now: datetime) -> bool:
    """Once a later try has ended without buying anything, a late acceptance of an earlier one that
    nobody has judged yet counts: the order must not be sent a third time. As `reopen`."""
    attempt = contradicted(order)
    if attempt is None or order.status not in REOPENED_BY_PROOF:
        return True
    if order.attempts.filter(outcome__in=LIVE_OUTCOMES).exists():
        return True
    return believe_late_answer(attempt, order, now=now)


def believe_late_answer(attempt: Attempt, order: Order, *, now: datetime) -> bool:
    """This attempt, which is `contradicted`, may have bought the order. As `reopen`."""
    number = str(attempt.late["external_id"])
    words = f"Attempt {attempt.number} was answered late: the provider took it as {number}."
    return reopen(attempt, order, number, words, now=now)


def contradicted(order: Order) -> Attempt | None:
    """An attempt that counts as not there although the provider said that it took it, which
    nobody has judged since."""
    late = order.attempts.filter(outcome__in=NOTHING_BOUGHT).exclude(late={}).order_by("number")
    return next((one for one in late if _is_unjudged(one.late)), None)


def _still_in_doubt(order: Order, words: str, evidence: dict[str, Any], now: datetime) -> bool:
    """It stays where it is, for another reason."""
    mine = Order.objects.filter(pk=order.pk, status=Status.UNCONFIRMED)
    if not mine.update(reason=words[:500], changed_at=now):
        return False
    order.remember(EventKind.EVIDENCE, now=now, text=words, evidence=evidence)
    return True


def _is_unjudged(late: dict[str, Any]) -> bool:
    """`reopened` says that this answer has had its effect: what a person decides next stands."""
    return late.get("outcome") == Outcome.ACCEPTED and not late.get("reopened")
