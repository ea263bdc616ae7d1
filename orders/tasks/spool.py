"""What is kept on the disk of each machine that sends: answers, and marks against restores."""

from __future__ import annotations

import logging

from celery import shared_task

from core.clocks import database_now

from ..actions import restore_guard, spooling

log = logging.getLogger(__name__)


@shared_task(name="orders.import_spool")
def import_spool() -> None:
    """Settle what lost workers of this machine have heard, and see that the database is ours."""
    now = database_now()
    restore_guard.look_closely(now=now)
    if settled := spooling.import_spool(now=now):
        log.warning("%s answers were settled from disk", settled)
