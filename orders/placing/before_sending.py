"""Why a step cannot be taken with an order before it is sent, in words: on its own page and for
many at once. Nothing here asks the database; empty words let the step be tried."""

from __future__ import annotations

from typing import Final

from core.models import User
from core.roles import who_may

from ..limits.check_limits import RELEASED_BY, may_release
from ..models import Order
from ..status import Flag, HoldReason, Status

BECAUSE: Final = {
    HoldReason.SPEND_LIMIT: "A spend limit holds it",
    HoldReason.BLOCKED_LINK: "Its link is blocked",
    HoldReason.RESTORED: "It may have been sent already",
}
# Nothing but a person lets these go. The others are queued when what they wait for has come.
UNTIL_A_PERSON: Final = (*BECAUSE, HoldReason.TERMS, HoldReason.STAFF)
GOES_ON: Final = (
    "It waits for something else, and is sent when that has come. To keep it from being sent, "
    "withdraw it."
)
FLAG_FIRST: Final = (
    "An earlier try of it may have reached the provider. Look there first and clear its flag with "
    "what you found: then it can be queued again."
)
LOOKED_INTO_FIRST: Final = (Flag.LIVE_ATTEMPT, Flag.BOUGHT_TWICE)
TERMS_FIRST: Final = "The terms of its service changed. Agree to the new terms on its page."


def why_not_held(order: Order) -> str:
    """A send may have begun for all but the queued: they can no longer be kept back."""
    match order.status:
        case Status.QUEUED:
            return ""
        case Status.HELD:
            is_kept = order.hold_reason in UNTIL_A_PERSON
            return "It is held already." if is_kept else GOES_ON
        case Status.SENDING:
            return "It is being sent at this moment."
    return f"Only a queued order can be held: it is {_label(order)}."


def why_not_released(order: Order, person: User) -> str:
    """Whoever may not overrule what holds it is told who may."""
    if order.status != Status.HELD:
        return f"Only a held order can be released: it is {_label(order)}."
    if not order.provider.is_active:
        return "Its provider is paused, so it cannot be released now."
    if order.hold_reason == HoldReason.TERMS:
        return TERMS_FIRST  # `accept_terms` says to which terms
    if may_release(order, person):
        return ""
    reason = HoldReason(order.hold_reason)
    return f"{BECAUSE[reason]}: only {who_may(RELEASED_BY[reason])} may release it."


def why_not_queued_again(order: Order) -> str:
    """Of one that is known not to be at the provider; where another send of it may be there, a
    person looks first."""
    if order.status != Status.NOT_PLACED:
        return f"Only an order that was not placed can be queued again: it is {_label(order)}."
    return FLAG_FIRST if order.flag in LOOKED_INTO_FIRST else ""


def why_not_withdrawn(order: Order) -> str:
    if order.may_be_withdrawn or order.status == Status.NOT_PLACED:
        return ""
    return f"Only an order that was not sent can be withdrawn: it is {_label(order)}."


def _label(order: Order) -> str:
    return Status(order.status).label.lower()
