"""The Celery app. Its messages are bells: the rows say what is to be done."""

from __future__ import annotations

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready, worker_shutting_down

from core.stopping import stop_soon

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

DISPATCH = "dispatch"
log = logging.getLogger(__name__)
app = Celery("desk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
worker_shutting_down.connect(stop_soon, weak=False)


@worker_ready.connect
def ring_for_myself(sender: Any, **kwargs: Any) -> None:
    """Hear a bell right after the start, so that the desk is known to be ready before beat's."""
    from .tasks import heartbeat

    for queue in sender.task_consumer.queues:
        heartbeat.apply_async(kwargs={"queue": queue.name}, queue=queue.name)


@worker_ready.connect
def look_at_own_disk(sender: Any, **kwargs: Any) -> None:
    """Every machine that sends has a disk of its own, so each looks there when it starts."""
    from django.db import DatabaseError, connections

    from orders.tasks import import_spool

    if DISPATCH not in {queue.name for queue in sender.task_consumer.queues}:
        return
    try:
        import_spool()
    except DatabaseError:
        log.exception("The answers on disk could not be looked at; beat will ring for it.")
    finally:
        connections.close_all()
