"""Why a step on the page of an order cannot be taken, in words."""

from __future__ import annotations

from core.models import User

from ..models import Order
from ..placing import before_sending
from ..polling import recheck_ended
from ..status import Status

MOVED = "The address of its account was changed: it is asked about once the catalog there is read."
ON_ITS_WAY = frozenset({Status.SENDING, Status.UNCONFIRMED})  # too late, and still worth saying


def why_not_released(order: Order, person: User) -> str:
    """Empty where this person may release it, and for what is not held."""
    if order.status != Status.HELD:
        return ""
    return before_sending.why_not_released(order, person)


def why_not_held(order: Order) -> str:
    """Empty where it may be held, and where the page offers no such step."""
    return before_sending.why_not_held(order) if order.status in ON_ITS_WAY else ""


def moved_words(order: Order) -> str:
    """Empty where the number of the order is one of the address its account has now."""
    return MOVED if order.external_id and order.provider.moved_at is not None else ""


def why_not_refreshed(order: Order) -> str:
    """Empty where its provider can be asked about it."""
    if words := moved_words(order):
        return words
    if order.is_open and hasattr(order, "poll_schedule"):
        return ""
    if recheck_ended.may_be_asked_again(order):
        return ""
    if order.external_id:
        return "It is not being followed."
    return "The provider has given it no id, so there is nothing to ask about."
