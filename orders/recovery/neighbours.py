"""Which orders of an account were sent right before and right after one whose answer was lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from providers.identity import same_account

from ..models import Attempt, Order
from ..status import Outcome


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The orders of the same account that were accepted last before and first after a send."""

    before: Attempt | None
    after: Attempt | None


def neighbours(attempt: Attempt) -> Neighbours:
    """Between these two ids the provider would have numbered an order of this attempt.

    One account sends one order after the other, so their rows tell the order of sends. The row of
    one that a journal gave back does not: what has a lower one may have been sent after it.
    """
    rows = same_account(attempt.provider)
    accepted = Attempt.objects.in_row_order().filter(provider__in=rows, outcome=Outcome.ACCEPTED)
    before = accepted.filter(pk__lt=attempt.pk)
    if attempt.recalled_at is not None:
        before = before.filter(started_at__lte=attempt.started_at)
    return Neighbours(
        before=before.order_by("-pk").first(),
        after=accepted.filter(pk__gt=attempt.pk).order_by("pk").first(),
    )


def doubted_attempts(orders: Iterable[Order]) -> dict[int, Attempt]:
    """The attempt that leaves each of these orders in doubt, by the order's number; the newest
    where none does. A doubt that was reopened is about an earlier try."""
    tries = Attempt.objects.filter(order__in=[order.pk for order in orders])
    rows = sorted(
        tries.select_related("confirmed_by", "provider"),
        key=lambda attempt: (attempt.outcome == Outcome.UNKNOWN, attempt.number),
    )
    return {attempt.order_id: attempt for attempt in rows}
