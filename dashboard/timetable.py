"""When beat rings which bell. A bell nobody heard before the next one is thrown away."""

from __future__ import annotations

from typing import Any

from core import clocks

QUEUES = ("dispatch", "follow")


def _every(seconds: int, task: str, **options: Any) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"expires": 2 * seconds, **options}}


TIMETABLE: dict[str, dict[str, Any]] = {
    "orders.sweep": _every(clocks.SWEEP_EVERY_SECONDS, "orders.sweep"),
    "orders.reap": _every(clocks.REAP_EVERY_SECONDS, "orders.reap"),
    "orders.check_orders": _every(clocks.INVARIANTS_EVERY_SECONDS, "orders.check_orders"),
    "orders.import_spool": _every(clocks.SPOOL_EVERY_SECONDS, "orders.import_spool"),
    "orders.place_batches": _every(clocks.REAP_EVERY_SECONDS, "orders.place_batches"),
    "orders.ring_due": _every(clocks.POLL_EVERY_SECONDS, "orders.ring_due"),
    "orders.ring_recovery": _every(clocks.RECOVER_EVERY_SECONDS, "orders.ring_recovery"),
    "orders.sweep_requests": _every(clocks.REQUESTS_EVERY_SECONDS, "orders.sweep_requests"),
    "orders.ring_jobs": _every(clocks.SWEEP_EVERY_SECONDS, "orders.ring_jobs"),
    "orders.ring_recheck": _every(clocks.RECHECK_EVERY_SECONDS, "orders.ring_recheck"),
    "orders.ring_probes": _every(clocks.PROBE_EVERY_SECONDS, "orders.ring_probes"),
    "orders.reconcile": _every(clocks.RECONCILE_EVERY_SECONDS, "orders.reconcile"),
    "providers.ring_due": _every(clocks.PROVIDERS_EVERY_SECONDS, "providers.ring_due"),
}
