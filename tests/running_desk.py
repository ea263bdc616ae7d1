"""A desk started as people start it: `manage.py up` with its own processes, data and ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 40) -> float:
    """How long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, what
        time.sleep(0.05)
    return time.monotonic() - began


@dataclass
class Desk:
    """One `manage.py up` in a data directory of its own."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """Without what the suite sets for itself: a newcomer has none of it."""
        own = ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "REDIS_URL", "DATABASE_URL")
        inherited = {name: value for name, value in os.environ.items() if name not in own}
        here = {"DESK_DATA_DIR": str(self.data_dir), "PORT": str(self.port)}
        return {**inherited, **here, **self.extra}

    @property
    def console(self) -> Path:
        return self.data_dir.with_suffix(".console")

    def start(self, *options: str) -> None:
        with self.console.open("wb") as console:
            self.process = process = subprocess.Popen(
                [sys.executable, "manage.py", "up", *options],
                cwd=settings.BASE_DIR,
                env=self.environment(),
                stdout=console,
                stderr=subprocess.STDOUT,
            )
        slow = 120  # seconds: a busy machine takes its time to migrate and to mirror
        wait_until(lambda: self.is_open() or process.poll() is not None, "start", slow)
        assert process.poll() is None, self.said()

    def is_open(self) -> bool:
        return f"http://localhost:{self.port}/" in self.said()

    def said(self) -> str:
        return self.console.read_text()

    def ready(self) -> dict[str, object] | None:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/readyz", timeout=5
            ) as answer:
                found: dict[str, object] = json.load(answer)
                return found
        except OSError:
            return None

    def heard(self) -> float:
        """Seconds since the worker last heard a bell; far away when not ready."""
        workers = (self.ready() or {}).get("workers_seconds_ago")
        return max(workers.values()) if isinstance(workers, dict) else 1e9

    def children(self) -> dict[str, int]:
        """Pids of the direct children, by what they run."""
        words = {
            "valkey-server": "broker",
            "-m sandbox": "sandbox",
            "gunicorn": "web",
            "dashboard.celery worker": "worker",
            "dashboard.celery beat": "beat",
        }
        found: dict[str, int] = {}
        for pid in pids():
            parent, command = parent_and_command(pid)
            if self.process is not None and parent == self.process.pid:
                found |= {name: pid for word, name in words.items() if word in command}
        return found

    def stop(self) -> float:
        """By Ctrl-C; how long it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return time.monotonic() - began


def pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def parent_and_command(pid: int) -> tuple[int, str]:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return 0, ""
    return int(stat.rsplit(")", 1)[1].split()[1]), command


def survivors(desk: Desk) -> list[str]:
    """Command lines of processes that were started for this desk. Valkey overwrites its
    environment, so it is told by its title, which names its socket."""
    mark = f"DESK_DATA_DIR={desk.data_dir}".encode()
    found = []
    for pid in pids():
        try:
            command = parent_and_command(pid)[1]
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            if mark in environment or f"{desk.data_dir}/broker.sock" in command:
                found.append(command)
        except OSError:
            continue
    return [command for command in found if command]
