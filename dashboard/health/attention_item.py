"""One thing that waits for a person, and how many of them there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from core.regional.numbers import grouped

WORST_FIRST = ("red", "orange", "yellow")
COUNT_CAP = 1000  # beyond this nobody reads the figure, only that it is large


@dataclass(frozen=True, slots=True)
class AttentionItem:
    """One thing to do. `action` names the link at `address`."""

    icon: str
    color: str
    title: str
    text: str
    address: str
    action: str

    @property
    def rank(self) -> int:
        """Its place among others: 0 is what is worst."""
        return WORST_FIRST.index(self.color) if self.color in WORST_FIRST else len(WORST_FIRST)


def capped(rows: QuerySet[Any]) -> int:
    return rows.order_by()[: COUNT_CAP + 1].count()


def many(count: int) -> str:
    if count > COUNT_CAP:
        return f"More than {grouped(COUNT_CAP)} orders"
    return "1 order" if count == 1 else f"{grouped(count)} orders"
