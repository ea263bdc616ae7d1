"""Answers about an order that is there already: refills, cancels, unknown ids, unknown actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...errors import RefusalCode as Code

# No, because of a refill of before: also of one whose answer was lost. These for a while,
REFILLED_NOT_LONG_AGO: Final = (
    "order was completed or refill was requested less than # hours ago",
    "the order was completed or refill was requested less than # hours ago",
    "refill was requested less than # hours ago",
    "refill requested less than # hours ago",
    "refill requested less than # h ago",
    "requested less than # h ago",
    "requested less than # hours ago",
    "refill error requested recently",
)
# and these for good.
REFILLS_USED_UP: Final = (
    "refill limit reached",
    "refill limit for this order reached",
    "refill error limit reached",
    "maximum refills reached",
    "maximum # refills reached",
)
# No, because of the service: no refill of before is why. So it is where the provider has no such
# call or no such order. All other words may speak of one under way or just done: an order that is
# being refilled is "not completed", "not eligible" and "not available", one that has been was
# "completed less than an hour ago", and its days may be over.
SERVICE_NOT_REFILLED: Final = (
    "service does not support refill",
    "this service does not support refill",
    "refill is disabled for this service",
    "refill is not available for this service",
    "refill not available for this service",
)
# No cancel, because of the service or as the order was done: no cancel of before is why. All other
# words may speak of one that was taken: what is being canceled "cannot be", and is "not eligible".
NEVER_CANCELED: Final = (
    "service does not support cancel",
    "this service does not support cancel",
    "service does not support cancellation",
    "cancel is not available for this service",
    "cancel is disabled for this service",
    "order is already completed",
    "order already completed",
)
# No cancel, as there is nothing left to cancel: a cancel of before may have done it.
CANCELED_THERE: Final = (
    "order is already canceled",
    "order is already cancelled",
    "order is canceled",
    "order was canceled",
    "order already canceled",
    "order already cancelled",
    "order is already ended",
)
# There already, and of which kind: beside it nothing is proven of the other kind. The code
# `previous_not_completed` speaks of neither.
REFILL_IS_OPEN: Final = (
    "refill request already exists",
    "refill request is already pending",
    "a refill request is already pending for this order",
    "refill is already pending",
    "refill already pending",
    "previous refill task is not completed",
    "previous refill task not completed",
    "previous refill is not completed",
    "refill already requested",
    "refill is already in progress",
    "refill already in progress",
)
CANCEL_IS_OPEN: Final = (
    "cancel request already exists",
    "cancellation is already requested",
    "cancel is already requested",
    "cancel already in progress",
    "cancel already requested",
    "cancellation already requested",
)

PHRASES: Final[Mapping[Code, tuple[str, ...]]] = {
    Code.UNKNOWN_ORDER: (
        "order id is incorrect",
        "order id is invalid",
        "no such order",
        "incorrect order ids",
        "orders not found",
        "order id is required",
        "order id is required parameter",
        "missing order id",
        "missing order or orders parameter",
        "missing orders parameter",
        "invalid orders parameter",
        "incorrect order id",
        "incorrect order",
        "invalid order id",
        "invalid order",
        "order not found",
        "order id not found",
        "order does not exist",
        "wrong order id",
    ),
    Code.UNKNOWN_REFILL: (
        "refill does not exist",
        "refill id is required",
        "missing refill id",
        "no such refill",
        "refill not found",
        "incorrect refill id",
        "invalid refill id",
        "refill id not found",
    ),
    Code.NOT_ALLOWED: (
        "order not eligible for refill",
        "order is not refillable",
        "refill is only available for completed orders",
        "refill is available only for completed orders",
        "refill is only available after delivery",
        "refill can only be requested after order is completed",
        "refill period has expired",
        "refill period is over",
        "refill time has expired",
        "refill window has expired",
        "refill expired",
        "refill is disabled for this order",
        "refill not available for this order",
        *SERVICE_NOT_REFILLED,
        *NEVER_CANCELED,
        "cancel not available for this order",
        "cancel is not allowed",
        "cancel not allowed",
        "cancellation is not allowed",
        "order can not be canceled",
        "order can not be cancelled",
        "this order cannot be canceled",
        "this order cannot be cancelled",
        "this order can no longer be cancelled",
        *CANCELED_THERE,
        "the order is not completed",
        "refill is not available for this order",
        "refill not allowed",
        "order is not eligible for refill",
        "this order is not eligible for refill",
        "not eligible for refill",
        "not eligible",
        "refill is not allowed",
        "order is not completed",
        "order not completed",
        *REFILLS_USED_UP,
        "cancel is not available for this order",
        "order cannot be canceled",
        "order cannot be cancelled",
        "order can t be canceled",
        "order can t be cancelled",
    ),
    Code.WAIT: (
        *REFILLED_NOT_LONG_AGO,
        "order was completed less than # hours ago",
        "please wait # hours before requesting refill",
        "you can request refill after # hours",
        "refill is available in # hours",
        "refill will be available in # hours",
        "refill is available in # minutes",
        "you can request a refill in # hours",
    ),
    Code.ALREADY_OPEN: (*REFILL_IS_OPEN, *CANCEL_IS_OPEN),
    Code.UNSUPPORTED: (
        "no such action",
        "action is required",
        "action is missing",
        "missing action",
        "invalid request method",
        "unsupported action",
        "refill not supported",
        "cancel not supported",
        "unknown method",
        "method not found",
        "this action is invalid",
        "invalid action",
        "incorrect action",
        "unknown action",
        "action not found",
        "action is invalid",
        "action not supported",
        "method not allowed",
        "not supported contact support",
        "refill is not supported",
        "cancel is not supported",
    ),
}
