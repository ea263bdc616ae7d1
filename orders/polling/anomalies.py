"""What is odd in an answer, before it becomes a line of the order's history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from core.texts import LONGEST_TEXT

from ..models import EventKind, Order, OrderEvent
from ..status import Flag


class AnomalyCode(StrEnum):
    """Kept with the line, so stored values stay."""

    WENT_BACK = "went_back"
    UNKNOWN_WORD = "unknown_word"
    CHARGE_CHANGED = "charge_changed"
    CHARGE_TOO_HIGH = "charge_too_high"
    CHARGE_UNEXPECTED = "charge_unexpected"
    CHARGE_KEPT = "charge_kept"
    REFUND_APART = "refund_apart"
    REFUND_UNKNOWN = "refund_unknown"
    REFUND_WITHDRAWN = "refund_withdrawn"
    REMAINS_CHANGED = "remains_changed"
    REMAINS_ODD = "remains_odd"
    DELIVERED_MORE = "delivered_more"


CODE, STANDS = "anomaly", "stands"
_SINCE_CODES: Final = frozenset({CODE, STANDS})


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A line for the history. Without a flag it is remembered, and nobody is asked to look.

    `code` and `evidence` say what was seen, `text` says it to people: two are the same when the
    first two are.
    """

    code: AnomalyCode
    text: str
    evidence: dict[str, Any]
    flag: Flag = Flag.NONE

    @property
    def kind(self) -> EventKind:
        return EventKind.FLAGGED if self.flag else EventKind.EVIDENCE

    @property
    def kept(self) -> dict[str, Any]:
        return {**self.evidence, CODE: self.code.value}

    def is_told_by(self, event: OrderEvent, stood: str = "") -> bool:
        """Lines of earlier releases have no code: what they have is compared, with the status in
        which the order `stood` when they were written."""
        if event.kind != self.kind:
            return False
        seen = self.kept
        if CODE not in event.evidence:
            if stood and seen.get(STANDS, stood) != stood:
                return False
            seen = {name: value for name, value in seen.items() if name not in _SINCE_CODES}
        return bool(event.evidence == seen)


def untold(
    anomalies: dict[int, tuple[Anomaly, ...]],
) -> dict[int, tuple[Anomaly, ...]]:
    """Those of each order that its history does not tell yet."""
    lines: dict[int, list[tuple[OrderEvent, str]]] = {pk: [] for pk in anomalies}
    stood = dict.fromkeys(anomalies, "")
    kinds = (EventKind.FLAGGED, EventKind.EVIDENCE, EventKind.MOVED)
    history = OrderEvent.objects.filter(order__in=list(anomalies), kind__in=kinds)
    for event in history.order_by("pk"):
        if event.kind == EventKind.MOVED:
            stood[event.order_id] = event.after
        else:
            lines[event.order_id].append((event, stood[event.order_id]))
    return {
        pk: tuple(one for one in seen if not any(one.is_told_by(*line) for line in lines[pk]))
        for pk, seen in anomalies.items()
    }


def anomalies_as_events(
    order: Order, anomalies: Iterable[Anomaly], *, now: datetime
) -> list[OrderEvent]:
    return [
        OrderEvent(
            order=order, at=now, kind=one.kind, text=one.text[:LONGEST_TEXT], evidence=one.kept
        )
        for one in anomalies
    ]
