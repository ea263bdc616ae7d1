"""Under which name a provider takes an id of ours with an order, so that it knows a replay.

The protocol has no such parameter. These names are documented by single providers.
"""

from __future__ import annotations

import re
from typing import Final

from ..order_types.table import PAYLOADS
from .classify import normalised
from .phrases import IDEMPOTENCY_PARAMETERS

_MAY_BE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_OF_THE_PROTOCOL: Final = frozenset(
    ("key", "action", "service", "order", "orders", "refill", "refills", "limit", "offset")
) | frozenset(ask.wire for payload in PAYLOADS.values() for ask in payload.asks().values())


def parameter_asked_for(refusal: str) -> str:
    """The name in a refusal that asks for an id of ours; the usual one where it names none."""
    said = f" {normalised(refusal)} "
    named = (name for name in IDEMPOTENCY_PARAMETERS if f" {name.replace('_', ' ')} " in said)
    return next(named, IDEMPOTENCY_PARAMETERS[0])


def why_no_parameter(name: str) -> str:
    """Why no id of ours can travel under this name, in words for staff; empty when it can."""
    if not _MAY_BE.fullmatch(name):
        return "A name is made of letters, digits and _, begins with a letter and has 40 at most."
    if name.lower() in _OF_THE_PROTOCOL:
        return f"“{name}” means something else in an order."
    return ""
