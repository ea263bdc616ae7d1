"""Doors for Celery, by story. Arguments are ids; every task may come never, once or ten times."""

from .batches import place_batch, place_batches, ring_batch
from .jobs import ring_job, ring_jobs, run_job
from .looking_back import look_back, ring_look_back
from .probing import probe, ring_probes
from .reconciling import reconcile
from .recovering import recover, ring_recovery
from .requesting import follow_refills, ring_requests, send_requests, sweep_requests
from .sending import check_orders, dispatch, follow, reap, refresh, ring, ring_due, sweep
from .spool import compare, import_spool, ring_comparison

__all__ = [
    "check_orders",
    "compare",
    "dispatch",
    "follow",
    "follow_refills",
    "import_spool",
    "look_back",
    "place_batch",
    "place_batches",
    "probe",
    "reap",
    "reconcile",
    "recover",
    "refresh",
    "ring",
    "ring_batch",
    "ring_comparison",
    "ring_due",
    "ring_job",
    "ring_jobs",
    "ring_look_back",
    "ring_probes",
    "ring_recovery",
    "ring_requests",
    "run_job",
    "send_requests",
    "sweep",
    "sweep_requests",
]
