"""Doors for Celery, by story. Arguments are ids; every task may come never, once or ten times."""

from .batches import place_batch, place_batches, ring_batch
from .jobs import ring_job, ring_jobs, run_job
from .reconciling import reconcile
from .requesting import follow_refills, ring_requests, send_requests, sweep_requests
from .sending import dispatch, follow, reap, refresh, ring, ring_due, sweep

__all__ = [
    "dispatch",
    "follow",
    "follow_refills",
    "place_batch",
    "place_batches",
    "reap",
    "reconcile",
    "refresh",
    "ring",
    "ring_batch",
    "ring_due",
    "ring_job",
    "ring_jobs",
    "ring_requests",
    "run_job",
    "send_requests",
    "sweep",
    "sweep_requests",
]
