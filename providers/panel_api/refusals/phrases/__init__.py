"""The sentences by which providers say no, each reviewed: said only when nothing was done.

A phrase is one sentence, with case, punctuation and spacing removed and every number read as `#`.
Texts such as "Something went wrong" or "Please try again" are said by servers that have stored
the order too, and must never be added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...errors import RefusalCode
from . import accounts, aftersales, orders
from .aftersales import (
    CANCEL_IS_OPEN,
    CANCELED_THERE,
    NEVER_CANCELED,
    REFILL_IS_OPEN,
    REFILLED_NOT_LONG_AGO,
    REFILLS_USED_UP,
    SERVICE_NOT_REFILLED,
)
from .codes import CANCELED_THERE_CODES, DOTTED, IDEMPOTENCY_PARAMETERS
from .tails import FIELD_WORDS, HEADS, PROVES_NOTHING, TAILS

SENTENCES: Final[Mapping[RefusalCode, tuple[str, ...]]] = {
    **orders.PHRASES,
    **accounts.PHRASES,
    **aftersales.PHRASES,
}

__all__ = [
    "CANCELED_THERE",
    "CANCELED_THERE_CODES",
    "CANCEL_IS_OPEN",
    "DOTTED",
    "FIELD_WORDS",
    "HEADS",
    "IDEMPOTENCY_PARAMETERS",
    "NEVER_CANCELED",
    "PROVES_NOTHING",
    "REFILLED_NOT_LONG_AGO",
    "REFILLS_USED_UP",
    "REFILL_IS_OPEN",
    "SENTENCES",
    "SERVICE_NOT_REFILLED",
    "TAILS",
]
