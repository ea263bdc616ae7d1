"""What staff want and how it is going, as rows."""

from .attempt import Attempt
from .event import EventKind, OrderEvent
from .order import Order, OrderQuerySet
from .watch import Watch

__all__ = ["Attempt", "EventKind", "Order", "OrderEvent", "OrderQuerySet", "Watch"]
