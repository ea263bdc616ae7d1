"""What staff are told of an order that they took back."""

from __future__ import annotations

from ..limits import doubtful_rows
from ..models import Order
from ..status import Outcome


def withdrawn_in_words(order: Order) -> str:
    """“Nothing was sent” only where that is known."""
    if order.attempts.exclude(outcome=Outcome.NOT_SENT).exists():
        return (
            f"Order {order} is withdrawn and will not be sent again. "
            "An earlier attempt was sent: see the attempts on its page."
        )
    if doubtful_rows.may_have_been_sent(order):
        return (
            f"Order {order} is withdrawn and will not be sent from now on. "
            "It may have been sent before the database was put back."
        )
    return f"Order {order} is withdrawn. Nothing was sent."
