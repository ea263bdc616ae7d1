"""Doors for Celery, by story. Arguments are ids; every task may come never, once or ten times."""

from .sending import dispatch, follow, reap, refresh, ring, ring_due, sweep

__all__ = ["dispatch", "follow", "reap", "refresh", "ring", "ring_due", "sweep"]
