"""How the desk's own processes are made ready for chaos. The product has no switch for this.

Its clocks are made short but keep their order, the sandboxes may be called, one process may
live in another hour, the clock of the database steps for all of them, and every bell is delivered
none to three times.
"""

from __future__ import annotations

import os
import random
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from core import clocks

ORIGINS = "CHAOS_ORIGINS"
CLOCK_SHIFT = "CHAOS_CLOCK_SHIFT"
CLOCK_STEP = "CHAOS_CLOCK_STEP"  # a file: the seconds by which the database's clock is off
BELLS = "CHAOS_BELLS"

SHORT_CLOCKS: dict[str, Any] = {
    "PROVIDER_CONNECT_SECONDS": 1,
    "SEND_WINDOW_SECONDS": 1.2,
    "PROVIDER_DEADLINE_SECONDS": 2.5,
    "SEND_LEASE_SECONDS": 3.2,
    "BELL_REDELIVERY_SECONDS": 4,
    "NOT_SENT_BACKOFF_SECONDS": (0.5, 1, 2),
    "RATE_LIMIT_PAUSE_SECONDS": 1,
    "LINK_BUSY_RETRY_SECONDS": (1, 2, 4),
    "FIRST_CHECK_SECONDS": 2,
    "POLL_FLOOR_SECONDS": 3,
    "POLL_CEILING_SECONDS": 5,
    "POLL_LOOKAHEAD_SECONDS": 4,
    "JOB_LEASE_SECONDS": 5,
    "LEASE_SECONDS": 6,
    "TASK_SECONDS": 3,
    "BREAKER_SECONDS": (0.2, 0.4, 0.6, 0.8, 1),
    "RETRY_AFTER_CAP_SECONDS": 3,
    "CATALOG_LAG_SECONDS": 3,
    "CATALOG_LEASE_SECONDS": 15,
    "CONNECTION_CHECK_CUT_OFF_SECONDS": 30,
    "SWEEP_EVERY_SECONDS": 1,
    "POLL_EVERY_SECONDS": 1,
    "REAP_EVERY_SECONDS": 1,
    "HEARTBEAT_EVERY_SECONDS": 2,
    "RECOVER_EVERY_SECONDS": 1,
    "REQUESTS_EVERY_SECONDS": 10,
    "PROVIDERS_EVERY_SECONDS": 2,
    "BALANCE_EVERY_SECONDS": 60,
}
DELIVERIES = {0: 25, 1: 40, 2: 20, 3: 15}  # how often a bell is delivered, and its weight


def prepare() -> None:
    """Before Django reads its settings."""
    shorten_clocks()
    if shift := float(os.environ.get(CLOCK_SHIFT, "0")):
        _live_at(shift)
    step_with(Path(os.environ[CLOCK_STEP]))
    _let_in(frozenset(os.environ[ORIGINS].split()))


def shorten_clocks() -> None:
    """Seconds instead of minutes, so that a lost worker is found out within the run."""
    for name, value in SHORT_CLOCKS.items():
        if not hasattr(clocks, name):
            raise LookupError(f"core.clocks has no {name} any more")
        setattr(clocks, name, value)
    names = ("PROVIDER_CONNECT", "SEND_WINDOW", "PROVIDER_DEADLINE", "SEND_LEASE")
    send_clocks = [getattr(clocks, f"{name}_SECONDS") for name in names]
    clocks.SEND_CLOCKS = (*send_clocks, clocks.BELL_REDELIVERY_SECONDS)
    if list(clocks.SEND_CLOCKS) != sorted(set(clocks.SEND_CLOCKS)):
        raise ValueError("the clocks of a send must stand in order")


def step_with(file: Path) -> None:
    """Let the database's clock, which every process asks, be off by what the file says. Before
    anything of the desk is imported that asks it."""
    right = clocks.database_now

    def stepped() -> datetime:
        return right() + timedelta(seconds=step_in(file))

    clocks.database_now = stepped


def step_in(file: Path) -> float:
    """Without a file the clock is right."""
    try:
        return float(file.read_text())
    except FileNotFoundError:
        return 0.0


def _live_at(shift: float) -> None:
    import time_machine

    elsewhen = datetime.now().astimezone() + timedelta(seconds=shift)
    time_machine.travel(elsewhen, tick=True).start()


def _let_in(origins: frozenset[str]) -> None:
    """Loopback addresses of several sandboxes; the product knows but one."""
    from providers.panel_api.http.transport import Transport

    plain = Transport.__init__

    def with_sandboxes(self: Transport, **how: Any) -> None:
        how["loopback_origins"] = frozenset(how.get("loopback_origins", ())) | origins
        plain(self, **how)

    Transport.__init__ = with_sandboxes  # type: ignore[method-assign]


def ring_unreliably(app: Any) -> None:
    """Every message this process sends is delivered none to three times, once there is a file to
    count them in."""
    tally = Path(os.environ[BELLS])
    app.send_task = partial(_ring, app, app.send_task, random.Random(), tally)


def _ring(
    app: Any, send_task: Any, dice: random.Random, tally: Path, name: str, *args: Any, **how: Any
) -> Any:
    if not tally.exists():
        return send_task(name, *args, **how)
    times = dice.choices(list(DELIVERIES), list(DELIVERIES.values()))[0]
    with tally.open("ab", buffering=0) as file:
        file.write(b"%d" % times)
    task_id = how.pop("task_id", None)
    sent = [send_task(name, *args, **how) for _ in range(times)]
    return sent[0] if sent else app.AsyncResult(task_id or "never-delivered")
