"""The Celery app. Its messages are bells: the rows say what is to be done."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from celery import Celery
from celery.signals import (
    task_postrun,
    task_prerun,
    task_received,
    task_revoked,
    worker_ready,
    worker_shutting_down,
)

from core.stopping import stop_soon

from .messaging import broker_transport

if TYPE_CHECKING:
    from .health.pulse import Work

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

DISPATCH = "dispatch"
log = logging.getLogger(__name__)
broker_transport.install()
app = Celery(
    "desk",
    amqp="dashboard.messaging.bells:Messages",
    task_cls="dashboard.messaging.bells:BellTask",
)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.imports = (
    "orders.aftersales.tasks",
    "orders.bulk.tasks",
    "orders.mass.tasks",
    "orders.polling.tasks",
    "orders.reconciliation.tasks",
    "orders.recovery.tasks",
    "orders.restores.tasks",
    "orders.sending.tasks",
)
worker_shutting_down.connect(stop_soon, weak=False)


@worker_ready.connect
def show_signs_of_life(sender: Any, **kwargs: Any) -> None:
    """From the moment this worker hears its queues."""
    from .health.pulse import Pulse

    work = work_of(sender)
    Pulse(work, [queue.name for queue in sender.task_consumer.queues]).start()


def work_of(consumer: Any) -> Work:
    """What this worker hears, begins and ends from now on."""
    from .health.pulse import Work

    work = Work(threads=consumer.controller.concurrency)
    task_received.connect(work.heard, weak=False)
    task_revoked.connect(work.heard, weak=False)
    task_prerun.connect(work.began, weak=False)
    task_postrun.connect(work.ended, weak=False)
    return work


@worker_ready.connect
def look_at_own_disk(sender: Any, **kwargs: Any) -> None:
    """Every machine that sends has a disk of its own, so each looks there when it starts."""
    from django.db import DatabaseError, connections

    from orders.restores.tasks import import_spool

    if DISPATCH not in {queue.name for queue in sender.task_consumer.queues}:
        return
    try:
        import_spool()
    except DatabaseError:
        log.exception("The answers on disk could not be looked at; beat will ring for it.")
    finally:
        connections.close_all()
