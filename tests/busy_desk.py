"""`python -m tests.busy_desk [--seconds N]`: is a desk that works left alone by its supervisor?

`manage.py up` with nine threads in its worker, and twenty accounts at a sandbox in a process of
its own whose every answer takes seconds, all with orders to send: each thread is in a call all the
time, and every run takes its twenty seconds. For N seconds no process may be started again, and in
each quarter of them orders must arrive, none of them twice. The windows are those of every desk.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from dashboard.supervisor.child import bound_to_parent
from sandbox import RemoteSandbox
from tests.running_desk import Desk, wait_until

ROOT = Path(__file__).resolve().parent.parent
THREADS, ACCOUNTS = 9, 20
WEB_THREADS = 8  # of the worker's threads, so many are there for sends
ANSWER_SECONDS = 4.0
QUARTERS = 4
FILL = "from tests import busy_desk; busy_desk.fill({url!r}, {keys!r}, {each})"


@dataclass(frozen=True)
class Seen:
    """What happened meanwhile: names of processes that are others than before, orders that arrived
    in each quarter, links that were bought more than once, and the desk's own words."""

    started_again: list[str]
    arrived: list[int]
    twice: list[str]
    said: str

    def is_well(self) -> bool:
        told_so = "starting it again" in self.said
        return not (self.started_again or self.twice or told_so) and all(self.arrived)


def watch(scratch: Path, seconds: float) -> Seen:
    keys = [f"busy-key-of-account-{number:02}" for number in range(ACCOUNTS)]
    with _sandbox(keys) as (url, box):
        extra = {"DESK_SANDBOX_URL": url, "DESK_POLL_LEASES": str(THREADS - WEB_THREADS)}
        desk = Desk(scratch / "data", extra=extra)
        try:
            desk.start("--no-sandbox")
            _fill(desk, url, keys, each=int(seconds / ANSWER_SECONDS) + 5)
            box.set_latency(ANSWER_SECONDS)
            before, arrived = desk.children(), [_arrived(box)]
            wait_until(lambda: _arrived(box) > arrived[0], "the first order")
            for _ in range(QUARTERS):
                time.sleep(seconds / QUARTERS)
                arrived.append(_arrived(box))
            after = desk.children()
            links = Counter(order["link"] for order in box.ledger())
            box.set_latency(0)
        finally:
            if desk.process is not None:
                desk.stop()
        return Seen(
            [name for name, pid in before.items() if after.get(name) != pid],
            [now - then for then, now in pairwise(arrived)],
            [link for link, times in links.items() if times > 1],
            desk.said(),
        )


def _arrived(box: RemoteSandbox) -> int:
    return len(box.ledger())


@contextmanager
def _sandbox(keys: list[str]) -> Iterator[tuple[str, RemoteSandbox]]:
    named = [f"--key={key}:1000000" for key in keys]
    command = [sys.executable, "-m", "sandbox", "--seed", "1", "--services", "20", *named]
    process = subprocess.Popen(bound_to_parent(command), stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        place: dict[str, Any] = json.loads(process.stdout.readline())
        yield place["url"], RemoteSandbox(place["control_url"], place["control_token"])
    finally:
        process.terminate()
        process.wait(10)


def _fill(desk: Desk, url: str, keys: list[str], each: int) -> None:
    inside = FILL.format(url=url, keys=keys, each=each)
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", inside],
        cwd=ROOT,
        env=desk.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def fill(url: str, keys: list[str], each: int) -> None:
    """Inside the desk: an account for each key, its catalog, and orders that are due: more of
    them than one after the other can go out meanwhile."""
    from core.clocks import database_now
    from orders.status import Status
    from providers.actions.catalog.mirror_catalog import mirror_run
    from providers.actions.leases import ensure_leases
    from providers.connect import client_for
    from tests.builders import make_order, make_provider

    for key in keys:
        account = make_provider(key=key, url=url, calls_per_minute=60_000)
        ensure_leases(account.pk)
        mirror_run(account, client_for, clock=database_now)
        service = account.services.filter(type="Default").order_by("pk").first()
        assert service is not None
        for _ in range(each):
            units, now = max(service.min or 1, 100), database_now()
            make_order(Status.QUEUED, service=service, units=units, created_at=now)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.busy_desk", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    with tempfile.TemporaryDirectory(prefix="desk-") as scratch:
        seen = watch(Path(scratch), parser.parse_args().seconds)
    print(seen.said)
    print(f"arrived in each quarter: {seen.arrived}; started again: {seen.started_again or 'none'}")
    return 0 if seen.is_well() else 1


if __name__ == "__main__":
    sys.exit(main())
