"""An earlier order as a draft of a new one, checked against its service as it is now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.models import User

from ..draft import OrderDraft
from ..models import Order
from ..status import BY_WORD, how_it_stands
from .order_form import OrderForm, form_for, initial_from, obstacle


class CannotOrderAgain(Exception):
    """The order cannot be placed once more as it was; says why."""


def why_never_again(order: Order) -> str:
    """Why this order cannot be placed once more, as far as its service alone tells."""
    if order.parent_id:
        return "Its provider made it for another order: order that one again."
    if words := obstacle(order.service):
        return words
    if order.service.type != order.type:
        return "Its service asks for other things by now: order it by hand."
    return ""


def draft_again(
    order: Order,
    form_key: UUID,
    *,
    now: datetime,
    person: User | None = None,
    beside_open: bool = False,
) -> OrderDraft:
    """The draft; raises CannotOrderAgain, in words, when the form would not take it.

    `beside_open`: somebody means it although it may be bought a second time.
    """
    if words := why_never_again(order):
        raise CannotOrderAgain(words)
    data = initial_from(order.type, order.payload) | {"form_key": str(form_key)}
    form = form_for(order.service, now=now, person=person, data=data)
    form.is_drawn = False
    form.is_valid()
    if beside_open and (form.same_payloads or form.left_sends):
        consent = {"place_anyway": form.consent} if form.same_payloads else {}
        data |= consent | {"sends_meant": form.sends_consent}
        form = form_for(order.service, now=now, person=person, data=data)
        form.is_drawn = False
    if not form.is_valid():
        raise CannotOrderAgain(_words_of(form))
    return form.draft()


def _words_of(form: OrderForm) -> str:
    if set(form.errors) == {"place_anyway"}:
        if form.repeats_ended_ones:
            return f"You placed the same a short while ago, as order {form.same_payloads[0]}."
        if form.same_payloads[0].status in BY_WORD:
            return f"Order {form.same_payloads[0]} {how_it_stands(form.same_payloads[0].status)}."
        return "An order for this link is open, or was closed as unknown and may have been bought."
    if set(form.errors) <= {"place_anyway", "sends_meant"}:
        return form.left_words[-1]
    told = [
        f"{form[name].label}: {errors[0]}" if name in form.fields else str(errors[0])
        for name, errors in form.errors.items()
        if name not in ("place_anyway", "sends_meant")
    ]
    return " ".join(told)
