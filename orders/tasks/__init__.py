"""Doors for Celery, by story. Arguments are ids; every task may come never, once or ten times."""

from .jobs import ring_job, ring_jobs, run_job
from .sending import dispatch, follow, reap, refresh, ring, ring_due, sweep

__all__ = [
    "dispatch",
    "follow",
    "reap",
    "refresh",
    "ring",
    "ring_due",
    "ring_job",
    "ring_jobs",
    "run_job",
    "sweep",
]
