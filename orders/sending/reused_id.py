"""An id the provider has given twice: both orders that it stands for are shown to a person."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from providers.identity import duplicates_of, rows_of
from providers.same_ids import spellings

from ..flags import raise_flag
from ..models import Attempt, EventKind, Order
from ..status import Flag
from .halts import one_at_a_time


class IdTaken(Exception):
    """The id that the provider answered with belongs to another order of its account."""


def refuse_id_of_duplicate(attempt: Attempt, external_id: str) -> None:
    """Raises IdTaken where an order of another row of this account has it, or one has it with
    zeros before it: no index of the database reaches over two rows, or two spellings. In the
    transaction that gives it to the order, behind whoever gives it to another one, and after the
    attempt is held, which whoever records or resolves a send holds first. On one row two spellings
    recorded at the very same moment are not seen: an account sends one order at a time, and a link
    always waits."""
    if not external_id:
        return
    others = duplicates_of(attempt.provider)
    here = Order.objects.filter(provider=attempt.provider_id).exclude(external_id="")
    padded = here.filter(external_id__gte="0", external_id__lt="1")
    if not others and not external_id.startswith("0") and not padded.exists():
        return
    one_at_a_time(attempt.provider)
    other_spelling = Q(provider=attempt.provider_id) & ~Q(external_id=external_id)
    elsewhere = Q(provider__in=others) | other_spelling
    same = Order.objects.filter(elsewhere, external_id__in=spellings([external_id]))
    if same.exclude(pk=attempt.order_id).exists():
        raise IdTaken(external_id)


def note_reused_id(attempt: Attempt, external_id: str, *, now: datetime) -> Order | None:
    """Flag this attempt's order and the one that had the id before; neither is changed. Told once.

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
    same = {"provider__in": rows_of(provider_id), "external_id__in": spellings([external_id])}
    found = Order.objects.filter(**same).order_by("pk")
    return next((one for one in found if one.external_id == external_id), found.first())


def _tell(order: Order, now: datetime, external_id: str, other: Order, text: str) -> None:
    evidence = {"external_id": external_id, "other_order": other.pk}
    if order.events.telling(EventKind.FLAGGED, evidence).exists():
        return
    raise_flag(order, Flag.ID_REUSED)
    order.remember(EventKind.FLAGGED, now=now, text=text, evidence=evidence)
