"""What staff want and how it is going, as rows."""

from .attempt import Attempt
from .batch import BatchLine, BatchState, OrderBatch
from .cancel import CancelRequest
from .charge import ChargeEntry
from .event import EventKind, OrderEvent
from .gate import Gate, GateQuerySet
from .guard import BlockedLink, PriceTolerance, SpendLimit
from .job import BulkItem, BulkJob
from .look_back import LookBack
from .order import Order, OrderQuerySet
from .recovery import Recovery
from .refill import Refill
from .request_call import RequestCall
from .restored import (
    AnswerPlace,
    DatabaseId,
    JournalGap,
    ReconcileRun,
    StrangeOrder,
    UnreadAnswer,
)
from .saved import SavedFilter
from .spend import SpendChange, SpendDay
from .statement import Case, CaseKind, CaseQuerySet, Statement, StatementState, TopUp
from .watch import Watch

__all__ = [
    "AnswerPlace",
    "Attempt",
    "BatchLine",
    "BatchState",
    "BlockedLink",
    "BulkItem",
    "BulkJob",
    "CancelRequest",
    "Case",
    "CaseKind",
    "CaseQuerySet",
    "ChargeEntry",
    "DatabaseId",
    "EventKind",
    "Gate",
    "GateQuerySet",
    "JournalGap",
    "LookBack",
    "Order",
    "OrderBatch",
    "OrderEvent",
    "OrderQuerySet",
    "PriceTolerance",
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
    "StrangeOrder",
    "TopUp",
    "UnreadAnswer",
    "Watch",
]
