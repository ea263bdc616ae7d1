"""The attempt whose outcome is unknown: where it is found, and how it is closed once."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from core.models import User

from ..models import Attempt, Order
from ..status import BY_STAFF, BY_WORD, Outcome, Resolution


class ResolvedMeanwhile(Exception):
    """Rolls the attempt's outcome back with the order that could not be moved."""


def resolve_attempt(
    attempt: QuerySet[Attempt],
    outcome: Outcome,
    resolution: Resolution,
    actor: User | None,
    now: datetime,
    **found: str,
) -> None:
    """Close the attempt by a word or a proof. Raises when a late answer has closed it already."""
    unresolved = attempt.filter(outcome=Outcome.UNKNOWN)
    if not unresolved.update(
        outcome=outcome, resolution=resolution, resolved_by=actor, recorded_at=now, **found
    ):
        raise ResolvedMeanwhile


def only(attempt: Attempt) -> QuerySet[Attempt]:
    return Attempt.objects.same_as(attempt)


def open_attempt(order: Order) -> Attempt | None:
    return order.attempts.filter(outcome=Outcome.UNKNOWN).order_by("-number").first()


def decided_by_hand(order: Order) -> list[Attempt]:
    """Of an order that rests because a person said so, the tries that count as not there by their
    word, newest first. The provider may have one of them after all."""
    if order.status not in BY_WORD:
        return []
    tries = Attempt.objects.counted_as_not_there().filter(order=order, resolution__in=BY_STAFF)
    return list(tries.select_related("provider").order_by("-number"))
