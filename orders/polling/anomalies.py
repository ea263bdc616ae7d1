"""What is odd in an answer, before it becomes a line of the order's history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..models import EventKind, Order, OrderEvent
from ..status import Flag


@dataclass(frozen=True, slots=True)
class Remark:
    """A line for the history. Without a flag it is remembered, and nobody is asked to look."""

    text: str
    evidence: dict[str, Any]
    flag: Flag = Flag.NONE


def remarks_as_events(
    order: Order, remarks: Iterable[Remark], *, now: datetime
) -> list[OrderEvent]:
    return [
        OrderEvent(
            order=order,
            at=now,
            kind=EventKind.FLAGGED if one.flag else EventKind.EVIDENCE,
            text=one.text[:500],
            evidence=one.evidence,
        )
        for one in remarks
    ]
