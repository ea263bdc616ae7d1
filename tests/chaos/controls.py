"""The naive senders, on a copy of the plan and under the same kind of fire.

A run in which they do no harm proves nothing about the desk, and is void.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from celery import Celery

from .checker import Kind, Shown, Violation, Wanted, find_violations
from .desk import ROOT
from .naive import TABLE
from .plan import PlannedOrder, Terms, panels_of
from .processes import Crew, Process, wait_until
from .sandboxes import Provider, connect_all, first_mix, start_all
from .servers import Broker

CONTROLS = {
    "early": "Celery's defaults, check, then act",
    "late": "acks_late, reject_on_worker_lost, autoretry",
    "loop": "loops that read, check, send and save",
}
MOST_ORDERS = 300  # harm shows long before
ORDERS_A_KILL = (3, 25)  # between two kills, so that a slow machine is hurt no more than a fast one
WHOLE_SHARE = 0.25  # of the kills hit a worker with its children, which takes seconds to come back
MOST_SECONDS = 240.0
QUIET_SECONDS = 15.0  # without a change it is taken to have ended
LOOPS = 2


@dataclass(frozen=True, slots=True)
class Control:
    """What one of them did."""

    name: str
    orders: int
    kills: int
    violations: tuple[Violation, ...]

    @property
    def harm(self) -> int:
        """Orders bought twice, or bought and shown as not bought. That some are left undone does
        not count: they were stopped."""
        return sum(v.kind in (Kind.DOUBLE, Kind.SILENTLY_WRONG) for v in self.violations)

    @property
    def by_kind(self) -> dict[str, int]:
        return dict(Counter(violation.kind.value for violation in self.violations))


def run_control(
    name: str, planned_orders: Sequence[PlannedOrder], terms: Terms, directory: Path
) -> Control:
    """Send all of them in this way while workers are killed, then check them like the desk."""
    directory.mkdir()
    planned_orders = planned_orders[:MOST_ORDERS]
    providers = start_all(panels_of(terms), directory, terms)
    crew = Crew()
    try:
        connect_all(providers)
        for provider in providers:
            provider.misbehave(first_mix(terms.seed), terms.faults)
        services = {p: provider.services for provider in providers for p in provider.keys}
        database = _write_planned_orders(planned_orders, services, directory)
        broker_url = _start(name, crew, providers, directory)
        if name != "loop":
            _ring_all(name, len(planned_orders), broker_url)
        kills = _kill_until_quiet(crew, database, terms)
        bought = [row for provider in providers for row in provider.ledger()]
    finally:
        crew.stop()
        for provider in providers:
            provider.stop()
    wanted = [
        Wanted(w.account, services[w.account][w.service], w.link, w.quantity, acknowledged=True)
        for w in planned_orders
    ]
    shown = [row for row in _shown(database) if row.key in {planned.key for planned in wanted}]
    found = find_violations(wanted, bought, _as_ended(shown), with_money=False)
    return Control(name, len(planned_orders), kills, tuple(found))


def _write_planned_orders(
    planned_orders: Sequence[PlannedOrder], services: dict[str, list[str]], directory: Path
) -> Path:
    path = directory / "naive.sqlite3"
    line = sqlite3.connect(path)
    line.execute("PRAGMA journal_mode=WAL")
    line.execute(TABLE)
    rows = [
        (n, w.account, services[w.account][w.service], w.link, w.quantity, "queued", "")
        for n, w in enumerate(planned_orders, start=1)
    ]
    line.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    line.commit()
    line.close()
    return path


def _start(name: str, crew: Crew, providers: Sequence[Provider], directory: Path) -> str:
    """Broker and workers; where the bells are to be rung."""
    broker = Broker(directory, directory)
    accounts = {
        account: {"url": provider.url, "key": key}
        for provider in providers
        for account, key in provider.keys.items()
    }
    environment = {
        **os.environ,
        "NAIVE_BROKER": broker.url,
        "NAIVE_DATABASE": str(directory / "naive.sqlite3"),
        "NAIVE_ACCOUNTS": json.dumps(accounts),
    }
    worker = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "tests.chaos.naive",
        "worker",
        "--concurrency",
        "4",
        "--without-gossip",
        "--without-mingle",
        "--loglevel",
        "error",
    ]
    commands = [worker] if name != "loop" else [[sys.executable, "-m", "tests.chaos.naive"]] * LOOPS
    crew.add(broker.process)
    wait_until(broker.answers, "the broker of a control", 20)
    for number, command in enumerate(commands, start=1):
        log = directory / f"{name}-{number}.log"
        crew.add(Process(f"{name}-{number}", command, environment, log, ROOT))
    return broker.url


def _ring_all(name: str, orders: int, broker_url: str) -> None:
    app = Celery("naive", broker=broker_url)
    for number in range(1, orders + 1):
        app.send_task(name, args=[number])
    app.close()


def _kill_until_quiet(crew: Crew, database: Path, terms: Terms) -> int:
    """Kill a worker or one of its children, again and again; how often."""
    dice = random.Random(f"control-{terms.seed}")
    names = [name for name in crew.members if name != "broker"]
    began = changed_at = time.monotonic()
    left = kill_at = _queued(database)
    kills = 0
    while left and time.monotonic() - began < MOST_SECONDS:
        time.sleep(0.05)
        if (now := _queued(database)) != left:
            left, changed_at = now, time.monotonic()
        elif time.monotonic() - changed_at > QUIET_SECONDS:
            break
        if left <= kill_at:
            kill_at = left - dice.randint(*ORDERS_A_KILL)
            kills += _kill_one(crew[dice.choice(names)], dice)
    return kills


def _kill_one(victim: Process, dice: random.Random) -> bool:
    children = sorted(victim.children())
    if children and dice.random() > WHOLE_SHARE:
        with suppress(ProcessLookupError):
            os.kill(dice.choice(children), signal.SIGKILL)
    else:
        victim.signal_all(signal.SIGKILL)
    return True


def _queued(database: Path) -> int:
    return sum(row.status == "queued" for row in _shown(database))


def _shown(database: Path) -> list[Shown]:
    line = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)
    columns = "id, account, service, link, quantity, status, external_id"
    found = [Shown(*row) for row in line.execute(f"SELECT {columns} FROM orders")]
    line.close()
    return found


def _as_ended(shown: Sequence[Shown]) -> list[Shown]:
    """They do not follow their orders: what they have placed counts as ended."""
    return [replace(row, status="completed") if row.status == "pending" else row for row in shown]
