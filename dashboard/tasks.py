"""The dashboard's own bell."""

from __future__ import annotations

from celery import shared_task

from core.clocks import database_now

from .models import Heartbeat


@shared_task(name="dashboard.heartbeat")
def heartbeat(*, queue: str) -> None:
    """Heard by a worker that listens to this queue."""
    Heartbeat.objects.note(queue, database_now())
