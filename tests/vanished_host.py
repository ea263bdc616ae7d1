"""`python -m tests.vanished_host`: a database host that vanishes without a word, in JSON.

In a network of its own PostgreSQL serves over TCP. Four clients connect, then the only link there
is goes down: no FIN, no RST, no answer ever. Two of them have our settings, two have none but those
of the kernel; of either, one waits for an answer and one asks something afterwards. The server is
watched through a unix socket, which needs no network.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

import psycopg

from dashboard.databases.postgresql import timeouts
from tests.running_services import postgres

INSIDE = "--inside"
SILENT = 4  # seconds: a few of them, so that this ends soon
STATEMENT = 2 * SILENT
LETS_GO = STATEMENT + 1  # of what it does for somebody: the server looks at its line again then
WINDOW = LETS_GO + SILENT  # so long nobody gives up without the settings
NETWORK: Final = (
    ["unshare", "--net"]
    if os.geteuid() == 0
    else ["unshare", "--map-current-user", "--keep-caps", "--net"]
)


def is_allowed() -> bool:
    """May we have a network of our own here, and take its link down?"""
    asked = [*NETWORK, "ip", "link", "set", "lo", "up"]
    try:
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def link(state: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


class Client(threading.Thread):
    """A connection over the network that holds a lock and `waits`, or asks later."""

    def __init__(self, name: str, number: int, settings: dict[str, Any], waits: bool) -> None:
        super().__init__(name=name, daemon=True)
        self.number, self.waits = number, waits
        self.line = psycopg.connect(
            host="127.0.0.1", user="desk", dbname="postgres", application_name=name, **settings
        )
        self.line.execute("SELECT pg_advisory_lock(%s)", [number])
        self.gone = threading.Event()
        self.gave_up: float | None = None

    def run(self) -> None:
        began = time.monotonic()
        try:
            if not self.waits:
                self.gone.wait()
                began = time.monotonic()
            self.line.execute("SELECT pg_sleep(600)" if self.waits else "SELECT 1")
        except psycopg.OperationalError:
            self.gave_up = time.monotonic() - began


def is_used() -> bool:
    """Is the link up already? Then it is somebody else's too."""
    asked = ["ip", "-o", "link", "show", "lo"]
    shown = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return "UP" in shown.partition("<")[2].partition(">")[0].split(",")


def main() -> None:
    if INSIDE not in sys.argv:
        command = [*NETWORK, sys.executable, "-m", "tests.vanished_host", INSIDE]
        os.execvp(command[0], command)
    if is_used():
        sys.exit("This is no network of our own: its link stays up.")
    link("up")
    with tempfile.TemporaryDirectory(prefix="desk-") as scratch:
        Path(scratch).chmod(0o755)
        with postgres(Path(scratch), listen="127.0.0.1"):
            print(json.dumps(_vanish(Path(scratch) / "pg")))


def _vanish(socket: Path) -> dict[str, dict[str, float | None]]:
    ours = timeouts(connect=5, silent=SILENT, statement=STATEMENT)
    clients = [
        Client(f"{kind} {what}", number, settings, what == "waits")
        for number, (kind, settings, what) in enumerate(
            (kind, settings, what)
            for kind, settings in (("ours", ours), ("kernel", {}))
            for what in ("waits", "asks")
        )
    ]
    beside = psycopg.connect(host=str(socket), user="desk", dbname="postgres", autocommit=True)
    with beside as watcher:
        for client in clients:
            client.start()
        time.sleep(0.5)  # the question of those that wait has arrived
        link("down")
        for client in clients:
            client.gone.set()
        let_go = _watch(watcher, clients)
    return {
        "client gave up after": {client.name: client.gave_up for client in clients},
        "server let go of its lock after": let_go,
    }


def _watch(watcher: psycopg.Connection, clients: list[Client]) -> dict[str, float | None]:
    began, held = time.monotonic(), {client.number for client in clients}
    let_go: dict[str, float | None] = {client.name: None for client in clients}
    while time.monotonic() - began < WINDOW and held:
        time.sleep(0.1)
        rows = watcher.execute("SELECT objid FROM pg_locks WHERE locktype = 'advisory'").fetchall()
        still = {int(row[0]) for row in rows}
        for client in clients:
            if client.number in held - still:
                let_go[client.name] = time.monotonic() - began
        held &= still
    return let_go


if __name__ == "__main__":
    main()
