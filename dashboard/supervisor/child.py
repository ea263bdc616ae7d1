"""One process we look after."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.clocks import (
    CHILD_BACKOFF_SECONDS,
    CHILD_QUICK_DEATH_SECONDS,
    HEARTBEAT_STALE_SECONDS,
)

from .journal import Journal

PARENT_DEATH = Path(__file__).with_name("parent_death.py")


def bound_to_parent(command: Sequence[str]) -> list[str]:
    """The command, made to die with this process."""
    return [sys.executable, "-I", "-S", str(PARENT_DEATH), str(os.getpid()), *command]


@dataclass(eq=False)
class Child:
    """`answers` tells whether it serves; `grace` is how many seconds it gets to stop by itself.
    `pulse` is a file it touches while it works, if it has one.

    It runs in a session of its own, so a Ctrl-C reaches only us and what it left behind can be
    killed as a group. `quick_deaths` counts deaths shortly after a start, in a row.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    journal: Journal
    answers: Callable[[], bool]
    grace: float
    keep_open: tuple[int, ...] = ()
    pulse: Path | None = None

    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float | None = None
    kill_at: float | None = None
    quick_deaths: int = field(default=0)

    def start(self) -> None:
        self.process = process = subprocess.Popen(
            bound_to_parent(self.command),
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=self.keep_open,
        )
        if process.stdout:
            self.journal.follow(process.stdout)
        self.started_at, self.start_again_at, self.kill_at = time.monotonic(), None, None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def age(self) -> float:
        """Seconds since it was started, 0 when it is down."""
        return time.monotonic() - self.started_at if self.is_running else 0.0

    def has_a_pulse(self) -> bool:
        """It said itself, a moment ago and without the database, that its work goes on."""
        try:
            return self.pulse is not None and (
                abs(time.time() - self.pulse.stat().st_mtime) <= HEARTBEAT_STALE_SECONDS
            )
        except OSError:
            return False

    def found_dead(self) -> int | None:
        """The exit code of a process that has ended and is not dealt with yet."""
        return None if self.process is None else self.process.poll()

    def record_exit(self, code: int) -> str:
        """After a death: end what it left behind, set the next start. Returns what happened."""
        asked = self.kill_at is not None
        self.kill()
        self.process = None
        quick = time.monotonic() - self.started_at < CHILD_QUICK_DEATH_SECONDS
        self.quick_deaths = self.quick_deaths + 1 if quick and not asked else 0
        waits = CHILD_BACKOFF_SECONDS
        self.start_again_at = time.monotonic() + waits[min(self.quick_deaths, len(waits) - 1)]
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def ask_to_stop(self) -> None:
        self.start_again_at = None
        if self.process is not None and self.is_running:
            self.kill_at = self.kill_at or time.monotonic() + self.grace
            with suppress(ProcessLookupError):
                self.process.terminate()

    def kill(self) -> None:
        """The whole session, at once."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def kill_when_out_of_grace(self) -> None:
        if self.kill_at is not None and time.monotonic() >= self.kill_at:
            self.kill()
