"""An id the provider has given twice: both orders that it stands for are shown to a person."""

from __future__ import annotations

from datetime import datetime

from ..flags import raise_flag
from ..models import Attempt, EventKind, Order
from ..status import Flag


def note_reused_id(attempt: Attempt, external_id: str, *, now: datetime) -> Order | None:
    """Flag this attempt's order and the one that had the id before; neither is changed.

    Returns the other order, None when there is none: then it was not the id that was twice.
    """
    other = order_with(attempt.provider_id, external_id)
    if other is None or other.pk == attempt.order_id:
        return None
    _tell(
        attempt.order,
        now,
        external_id,
        other,
        f"The provider answered with {external_id}, which is order {other} of ours.",
    )
    _tell(
        other,
        now,
        external_id,
        attempt.order,
        f"The provider gave its id {external_id} again, for order {attempt.order}.",
    )
    return other


def order_with(provider_id: int, external_id: str) -> Order | None:
    """The order of this account that the provider's id belongs to."""
    if not external_id:
        return None
    return Order.objects.filter(provider=provider_id, external_id=external_id).first()


def _tell(order: Order, now: datetime, external_id: str, other: Order, text: str) -> None:
    raise_flag(order, Flag.ID_REUSED)
    evidence = {"external_id": external_id, "other_order": other.pk}
    order.remember(EventKind.FLAGGED, now=now, text=text, evidence=evidence)
