"""The processes of a run by name: started, hurt on purpose, and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard.supervisor.child import bound_to_parent
from tests.running_desk import parent_and_command, pids

LOOK_SECONDS = 0.1
STOP_SECONDS = 15


@dataclass(eq=False)
class Process:
    """`how` goes to Popen. It leads a session, so that it can be hurt with all it started."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    cwd: Path
    how: dict[str, Any] = field(default_factory=dict)
    dies_with_us: bool = True
    polite: signal.Signals = signal.SIGTERM
    running: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self) -> None:
        command = bound_to_parent(self.command) if self.dies_with_us else self.command
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [str(word) for word in command],
                env=dict(self.environment),
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.how,
            )
        self.starts += 1

    @property
    def is_alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    @property
    def pid(self) -> int:
        return self.running.pid if self.running else 0

    def signal_all(self, number: signal.Signals) -> None:
        """To the process and everything it started."""
        if self.running is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.running.pid, number)

    def signal_first(self, number: signal.Signals) -> None:
        if self.running is not None and self.is_alive:
            with suppress(ProcessLookupError):
                self.running.send_signal(number)

    def children(self) -> list[int]:
        return [pid for pid in pids() if parent_and_command(pid)[0] == self.pid]


class Crew:
    """Looks after its processes in a thread of its own: who dies is started again.

    Their ends are tied to the thread that starts them, so this one starts all of them.
    """

    def __init__(self) -> None:
        self.members: dict[str, Process] = {}
        self._resting: frozenset[str] = frozenset()
        self._at_once: frozenset[str] = frozenset()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look_after, daemon=True)

    def __getitem__(self, name: str) -> Process:
        return self.members[name]

    def add(self, *processes: Process) -> None:
        for process in processes:
            self.members[process.name] = process
        if not self._thread.is_alive():
            self._thread.start()

    def _look_after(self) -> None:
        while not self._ending.is_set():
            for member in list(self.members.values()):
                if not member.is_alive and member.name not in self._resting:
                    member.signal_all(signal.SIGKILL)  # what it left behind
                    member.start()
            time.sleep(LOOK_SECONDS)
        self._stop_all()  # here: they would die at the end of this thread

    def rest(self, *names: str) -> None:
        """End these and leave them so, until `go_on`."""
        self._resting = frozenset(names)
        time.sleep(3 * LOOK_SECONDS)  # whoever was being started is there by now
        for name in names:
            self.members[name].signal_first(self.members[name].polite)
        deadline = time.monotonic() + STOP_SECONDS
        while any(self.members[name].is_alive for name in names) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        for name in names:
            self.members[name].signal_all(signal.SIGKILL)
        wait_until(lambda: not any(self.members[n].is_alive for n in names), "their end", 10)

    def go_on(self) -> None:
        self._resting = frozenset()

    def stop(self, at_once: Sequence[str] = ()) -> None:
        """Everything, in the reverse of the order in which they came: politely first, but for those
        that have been killed often enough already."""
        self._at_once = frozenset(at_once)
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(3 * STOP_SECONDS)

    def _stop_all(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        for member in reversed(self.members.values()):
            member.signal_all(signal.SIGCONT)
            is_polite = member.name not in self._at_once
            member.signal_first(member.polite if is_polite else signal.SIGKILL)
            if member.running is not None:
                with suppress(subprocess.TimeoutExpired):
                    member.running.wait(max(deadline - time.monotonic(), 0.1))
                member.signal_all(signal.SIGKILL)
                member.running.wait(5)


def wait_until(condition: Callable[[], bool], what: str, seconds: float) -> float:
    """How long it took. TimeoutError with `what` when it does not come true."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{what}: not within {seconds:.0f} seconds")
        time.sleep(0.1)
    return time.monotonic() - began
