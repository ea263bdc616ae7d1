"""The history of an order: added to, never edited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import models

from core.regional.desk_days import desk_time
from core.rows.append_only import AppendOnly
from core.texts import LONGEST_TEXT

from ..status import Flag

IS_RECALLED: Final = "recalled"  # in the evidence of what tells of a call of a journal
PAST: Final = "Until it was queued again on"


class EventKind(models.TextChoices):
    PLACED = "placed", "Wanted"  # staff placed it at the desk
    MOVED = "moved", "Status"
    PROGRESS = "progress", "Progress"  # charge or start count became known or changed
    EVIDENCE = "evidence", "Evidence"  # something seen that changed nothing
    FLAGGED = "flagged", "Flagged"
    NOTE = "note", "Note"
    REFILL = "refill", "Refill"
    CANCEL = "cancel", "Cancel"


class OrderEventQuerySet(models.QuerySet["OrderEvent"]):
    def telling(self, kind: EventKind, evidence: Mapping[str, object]) -> OrderEventQuerySet:
        """Those that say this, whatever the words: each part of it is in their evidence."""
        parts = {f"evidence__{name}": value for name, value in evidence.items()}
        return self.filter(kind=kind, **parts)

    def telling_of(self, number: str, evidence: Mapping[str, object]) -> OrderEventQuerySet:
        """Flags that say this of a number; releases up to 0.2.0 kept the number alone."""
        as_before = self.filter(kind=EventKind.FLAGGED, evidence={"candidate_id": number})
        return self.telling(EventKind.FLAGGED, evidence) | as_before


class OrderEvent(AppendOnly):
    """One thing that happened. `evidence` is JSON that never holds a key."""

    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=10, choices=EventKind.choices)
    before = models.CharField(max_length=12, blank=True, default="")
    after = models.CharField(max_length=12, blank=True, default="")
    text = models.CharField(max_length=LONGEST_TEXT, blank=True, default="")
    evidence: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)

    told_as = "History is"
    objects = OrderEventQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["order", "id"], name="event_timeline")]

    def __str__(self) -> str:
        return f"{self.kind} {self.before}→{self.after} {self.words}".strip()

    @property
    def words(self) -> str:
        """What people read: the text, else the label of the flag whose code was written down."""
        flag = self.evidence.get("flag") if isinstance(self.evidence, dict) else None
        return self.text or (f"{Flag(flag).label}." if flag in Flag.values else "")


def told_as_past(reason: str, now: datetime) -> str:
    """Why an order rested, for the page of one that goes on: true until it is queued at `now`."""
    if not reason or reason.startswith(PAST):
        return reason
    return f"{PAST} {desk_time(now):%d %b %Y, %H:%M %Z}: {reason}"[:LONGEST_TEXT]
