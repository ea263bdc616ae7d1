"""When each part of the desk was last seen at work."""

from __future__ import annotations

from datetime import datetime

from django.db import models

BEAT = "beat"


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def note(self, part: str, now: datetime) -> None:
        """This part is alive now."""
        self.bulk_create(
            [Heartbeat(part=part, seen_at=now)],
            update_conflicts=True,
            unique_fields=["part"],
            update_fields=["seen_at"],
        )

    def ages(self, now: datetime) -> dict[str, float]:
        """Seconds since each part was last seen."""
        return {
            part: max(0.0, round((now - seen_at).total_seconds(), 1))
            for part, seen_at in self.values_list("part", "seen_at")
        }


class Heartbeat(models.Model):
    """One row a part: "beat" is written by beat itself, and the name of a queue by a worker that
    heard a bell rung there. So a fresh beat beside a stale queue is a worker that is deaf."""

    part = models.CharField(max_length=20, primary_key=True)
    seen_at = models.DateTimeField()

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.part} seen {self.seen_at:%Y-%m-%d %H:%M:%S}"
