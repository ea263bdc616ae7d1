"""What staff do about refills: ask for one, ask again, take it back, close it.

Nothing here speaks to a provider. The row is the queue; `refill_sends` sends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from core.models import User
from core.rows.constraints import raise_unless_broken
from providers.panel_api import Dialect

from ..limits import doubtful_rows
from ..models import EventKind, Order, Refill
from ..status import AT_PROVIDER, ENDED_THERE, REFILLABLE, RefillStatus, Status

UNKNOWN_WHETHER = "The provider does not say whether it refills this service; it may be tried."
HAS_ENDED = "It has ended. Request another one on the page of its order."

_UNDER_WAY = {
    RefillStatus.QUEUED: "A refill has been asked for already and was not sent yet.",
    RefillStatus.WAITING: "A refill has been asked for already and waits for its time.",
    RefillStatus.SENDING: "A refill of it is being sent at this moment.",
    RefillStatus.UNCONFIRMED: "Nobody knows what became of its last refill: resolve that first.",
}


def why_not(order: Order, now: datetime) -> str:
    """Why no refill of this order can be asked for; empty when one can."""
    return why_unfit(order) or _under_way(order)


def why_unfit(order: Order) -> str:
    """Why not, refills under way apart: asks the database nothing, so many can be looked at."""
    return _unfit(order) or _not_offered(order)


def hint(order: Order) -> str:
    """What staff should know before they ask although nothing forbids it."""
    return UNKNOWN_WHETHER if order.service.refill is None else ""


def may_be_second(order_ids: Sequence[int]) -> set[int]:
    """Those of them for which a refill was closed while nobody knew what had become of it, however
    long ago and whatever became of a later one: it may be carried out yet."""
    unknown = Refill.objects.withdrawn(as_unknown=True).filter(order__in=order_ids)
    return set(unknown.values_list("order_id", flat=True))


def request_refill(
    order: Order, *, actor: User | None, now: datetime, known_gap: int | None = None
) -> str:
    """Queue a refill of this order: empty when it is queued, else the words why not.

    Two people who ask at once ask for one refill. `known_gap` is the newest gap of a journal that
    whoever asks knew of: of now, unless they said it a while ago.
    """
    if words := why_not(order, now):
        return words
    try:
        with transaction.atomic():
            Refill.objects.create(
                order=order,
                provider_id=order.provider_id,
                requested_by=actor,
                requested_at=now,
                due_at=now,
                changed_at=now,
                known_gap=doubtful_rows.known_gap() if known_gap is None else known_gap,
            )
            order.remember(EventKind.REFILL, now=now, actor=actor, text="A refill was asked for.")
    except IntegrityError as error:
        raise_unless_broken(error, "one_open_refill_per_order")
        return _under_way(order) or "A refill of it is under way already."
    return ""


def ask_again(
    refill: Refill, *, actor: User | None, now: datetime, known_gap: int | None = None
) -> str:
    """A person lets this refill be sent (again) now: empty when it is queued, else why not.

    In the place of one that has ended nothing is sent: that would be another one. `known_gap` as
    with `request_refill`.
    """
    if not refill.is_open:
        return HAS_ENDED
    if not refill.may_be_asked_again:
        return _under_way(refill.order) or "It is no longer where it was."
    if words := _not_offered(refill.order):
        return words
    text = "The waiting refill is to be tried now."
    changes: dict[str, Any] = {"due_at": now, "reason": "", "code": ""}
    if refill.status == RefillStatus.UNCONFIRMED:
        text = "The refill whose answer was lost is to be sent once more."
        changes["doubted_at"] = now
        known = doubtful_rows.known_gap() if known_gap is None else known_gap
        changes["known_gap"] = known  # with each that was found until then
    moved = step(refill, RefillStatus.QUEUED, text, now=now, actor=actor, **changes)
    return "" if moved else "Somebody or something was faster."


def withdraw_refill(refill: Refill, *, actor: User | None, now: datetime) -> bool:
    """Take back a refill that was not sent, or stop looking for one that is lost from sight.

    False: it was sent, or changed, meanwhile.
    """
    changes: dict[str, Any] = {"ended_at": now}
    if refill.may_be_withdrawn:
        text = "The refill was taken back before it was sent."
        if refill.requests or refill.doubted_at:
            text = "The refill was taken back before it was sent again."
    elif refill.may_be_closed:
        text = "The refill was closed: the desk no longer looks for it."
        changes["doubted_at"] = _in_doubt_since(refill, now)
    else:
        return False
    return step(refill, RefillStatus.WITHDRAWN, text, now=now, actor=actor, **changes)


def step(
    refill: Refill,
    to: RefillStatus,
    text: str,
    *,
    now: datetime,
    actor: User | None = None,
    **changes: Any,
) -> bool:
    """Move a refill from where it was read, with a line in its order's history: not where its
    number has arrived since."""
    told = {"external_id": refill.external_id, "followed_by": refill.followed_by}
    with transaction.atomic():
        mine = Refill.objects.filter(pk=refill.pk, status=refill.status, requests=refill.requests)
        if not mine.filter(**told).update(status=to, changed_at=now, **changes):
            return False
        refill.order.remember(EventKind.REFILL, now=now, actor=actor, text=text)
    return True


def _in_doubt_since(refill: Refill, now: datetime) -> datetime:
    """What a person leaves in doubt stays marked, whoever has put it there: a worker of the release
    before knows no mark, and one that was taken without a number may be carried out unseen."""
    return max(filter(None, (refill.doubted_at, refill.sent_at)), default=now)


def _unfit(order: Order) -> str:
    """Why an order where it is now cannot be refilled."""
    status = Status(order.status)
    if status in REFILLABLE:
        return ""
    if status in AT_PROVIDER:
        return "It is still running: a refill is for what has been delivered."
    if status in ENDED_THERE:
        return f"It ended as {status.label.lower()}: there is nothing to refill."
    return f"It is {status.label.lower()}: nothing has been delivered."


def _not_offered(order: Order) -> str:
    if order.service.refill is False:
        return "The provider does not refill this service."
    if Dialect.from_profile(order.provider.dialect).refills is False:
        return "This provider takes no refills over its API."
    return "" if order.provider.has_key else "The provider has no key."


def _under_way(order: Order) -> str:
    newest = Refill.objects.open().filter(order=order).first()
    if newest is None:
        return ""
    return _UNDER_WAY.get(RefillStatus(newest.status), "A refill of it is under way already.")
