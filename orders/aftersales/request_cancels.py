"""What staff do to stop an order: take it back here, or ask its provider to cancel it.

Nothing here speaks to a provider. The row is the queue; `cancel_sends` sends it, and only the
order's own status says what became of it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from core.models import User
from core.rows.constraints import raise_unless_broken
from providers.panel_api import Dialect

from ..models import CancelRequest, EventKind, Order
from ..placing.place_orders import withdraw_order
from ..sending.halts import one_at_a_time
from ..status import AT_PROVIDER, NOT_SENT, CancelStatus, Status

UNKNOWN_WHETHER = "The provider does not say whether it cancels this service; it may be tried."
LOCAL = NOT_SENT | {Status.NOT_PLACED}  # nothing of it is at the provider: taken back here
ASKED_FOR = "Its cancel has been asked for already."

_NOT_NOW = {
    Status.SENDING: "It is being sent at this moment: wait for the answer.",
    Status.UNCONFIRMED: "Nobody knows yet whether the provider has it: resolve it first.",
    Status.GIVEN_UP: "Nobody knows whether the provider has it, and it has no number there.",
}


def why_not(order: Order) -> str:
    """Why this order can be neither taken back nor canceled; empty when it can."""
    if order.status in LOCAL:
        return ""
    if words := why_unfit(order):
        return words
    return ASKED_FOR if CancelRequest.objects.open().filter(order=order).exists() else ""


def why_unfit(order: Order) -> str:
    """Why not, requests under way apart: asks the database nothing, so many can be looked at."""
    status = Status(order.status)
    if status in LOCAL:
        return ""
    if status not in AT_PROVIDER:
        return _NOT_NOW.get(status, f"It has ended: it is {status.label.lower()}.")
    return _not_offered(order)


def hint(order: Order) -> str:
    """What staff should know before they ask although nothing forbids it."""
    unknown = order.status in AT_PROVIDER and order.service.cancel is None
    return UNKNOWN_WHETHER if unknown else ""


def request_cancel(order: Order, *, actor: User | None, now: datetime) -> str:
    """Take back an order that was not sent, or queue a request to cancel it at its provider.

    Empty when that is done, else the words why not. The order keeps its status until the
    provider's own status says otherwise.
    """
    if words := why_not(order):
        return words
    if order.status in LOCAL:
        return _take_back(order, actor, now)
    try:
        with transaction.atomic():
            one_at_a_time(order.provider)  # this moment an earlier one, or a gap, may be found
            CancelRequest.objects.create(
                order=order,
                provider_id=order.provider_id,
                requested_by=actor,
                requested_at=now,
                due_at=now,
            )
            order.remember(EventKind.CANCEL, now=now, actor=actor, text="A cancel was asked for.")
    except IntegrityError as error:
        raise_unless_broken(error, "one_open_cancel_request_per_order")
        return ASKED_FOR
    return ""


def withdraw_cancel(request: CancelRequest, *, actor: User | None, now: datetime) -> bool:
    """Take back a request that was never sent. False: it was sent meanwhile."""
    with transaction.atomic():
        mine = CancelRequest.objects.filter(
            pk=request.pk, status=CancelStatus.QUEUED, requests=0, sent_at=None
        )
        taken = "Taken back before it was sent."
        if not mine.update(status=CancelStatus.ENDED, ended_at=now, reason=taken):
            return False
        request.order.remember(
            EventKind.CANCEL, now=now, actor=actor, text="The cancel was not sent: taken back."
        )
    return True


def _take_back(order: Order, actor: User | None, now: datetime) -> str:
    if withdraw_order(order, actor=actor, now=now):
        return ""
    status = Status(Order.objects.values_list("status", flat=True).get(pk=order.pk))
    return f"Its status changed to {status.label.lower()} in the meantime."


def _not_offered(order: Order) -> str:
    if order.service.cancel is False:
        return "The provider does not cancel orders of this service."
    if Dialect.from_profile(order.provider.dialect).cancels is False:
        return "This provider takes no cancels over its API."
    return "" if order.provider.has_key else "The provider has no key."
