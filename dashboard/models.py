"""When each part of the desk was last seen at work."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from core.clocks import HEARTBEAT_EVERY_SECONDS, HEARTBEAT_STALE_SECONDS

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
        """Seconds since each part was last seen. A moment still to come is from a clock that was
        turned back, and tells nothing of now: it counts as long ago, never as just now."""
        return {part: _age(seen_at, now) for part, seen_at in self.values_list("part", "seen_at")}


def _age(seen_at: datetime, now: datetime) -> float:
    seconds = round((now - seen_at).total_seconds(), 1)
    if seconds < -HEARTBEAT_EVERY_SECONDS:
        return max(-seconds, HEARTBEAT_STALE_SECONDS + 1.0)
    return max(seconds, 0.0)


class Heartbeat(models.Model):
    """One row a part: "beat" is written by beat itself, and the name of a queue by a worker that
    serves it. So a fresh beat beside a stale queue is a worker that is deaf or away."""

    part = models.CharField(max_length=20, primary_key=True)
    seen_at = models.DateTimeField()

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.part} seen {self.seen_at:%Y-%m-%d %H:%M:%S}"
