"""What staff want and how it is going, as rows."""

from .attempt import Attempt
from .batch import BatchLine, BatchState, OrderBatch
from .cancel import CancelRequest
from .charge import ChargeEntry
from .event import EventKind, OrderEvent
from .halt import Halt, HaltQuerySet
from .job import BulkItem, BulkJob
from .limits import BlockedLink, PriceTolerance, SpendLimit
from .order import Order, OrderQuerySet
from .order_queries import Place, buys_again, place_of
from .poll_schedule import PollSchedule, Recheck
from .recovery import Recovery
from .refill import Refill
from .request_call import RequestCall
from .restored import (
    AnswerPlace,
    DatabaseId,
    JournalGap,
    ReconcileRun,
    UnmatchedOrder,
    UnreadAnswer,
)
from .saved import FavouriteService, Recipe, SavedFilter
from .spend import SpendChange, SpendDay
from .statement import (
    Discrepancy,
    DiscrepancyKind,
    DiscrepancyQuerySet,
    Statement,
    StatementState,
    TopUp,
)

__all__ = [
    "AnswerPlace",
    "Attempt",
    "BatchLine",
    "BatchState",
    "BlockedLink",
    "BulkItem",
    "BulkJob",
    "CancelRequest",
    "ChargeEntry",
    "DatabaseId",
    "Discrepancy",
    "DiscrepancyKind",
    "DiscrepancyQuerySet",
    "EventKind",
    "FavouriteService",
    "Halt",
    "HaltQuerySet",
    "JournalGap",
    "Order",
    "OrderBatch",
    "OrderEvent",
    "OrderQuerySet",
    "Place",
    "PollSchedule",
    "PriceTolerance",
    "Recheck",
    "Recipe",
    "ReconcileRun",
    "Recovery",
    "Refill",
    "RequestCall",
    "SavedFilter",
    "SpendChange",
    "SpendDay",
    "SpendLimit",
    "Statement",
    "StatementState",
    "TopUp",
    "UnmatchedOrder",
    "UnreadAnswer",
    "buys_again",
    "place_of",
]
