"""Why a step on the page of an order cannot be taken, in words."""

from __future__ import annotations

from typing import Final

from core.models import User
from core.roles import who_may

from ..limits.check_limits import RELEASED_BY, may_release
from ..models import Order
from ..polling import recheck_ended
from ..status import HoldReason, Status

BECAUSE: Final = {
    HoldReason.SPEND_LIMIT: "A spend limit holds it",
    HoldReason.BLOCKED_LINK: "Its link is blocked",
    HoldReason.RESTORED: "It may have been sent already",
}


def why_not_released(order: Order, person: User) -> str:
    """Empty where this person may release it, and for what is not held."""
    if order.status != Status.HELD:
        return ""
    if not order.provider.is_active:
        return "Its provider is paused, so it cannot be released now."
    if may_release(order, person):
        return ""
    reason = HoldReason(order.hold_reason)
    return f"{BECAUSE[reason]}: only {who_may(RELEASED_BY[reason])} may release it."


def why_not_refreshed(order: Order) -> str:
    """Empty where its provider can be asked about it."""
    if order.is_open and hasattr(order, "poll_schedule"):
        return ""
    if recheck_ended.may_be_asked_again(order):
        return ""
    if order.external_id:
        return "It is not being followed."
    return "The provider has given it no id, so there is nothing to ask about."
