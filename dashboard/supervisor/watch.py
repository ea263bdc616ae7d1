"""Keep the children running until somebody says stop."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from core.clocks import CHILD_QUICK_DEATHS, CHILD_START_SECONDS, SUPERVISOR_CHECK_SECONDS

from .child import Child, bound_to_parent
from .journal import say
from .refusal import Refused

STOP_ORDER = (("beat", "web", "worker"), ("sandbox",), ("broker",))
PATIENCE_SECONDS = 3.0  # a stop that takes longer is explained


class Stopped(Exception):
    """Somebody asked us to stop."""


class Watch:
    """Children are started from the main thread only: what ends them with their parent is tied to
    the thread it was made in, and would act when that thread ends."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self._asked = threading.Event()
        self._asked_twice = False

    def obey_signals(self) -> None:
        """Ctrl-C, kill and a closed terminal stop the desk; the second one stops it at once."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._hear())

    def _hear(self) -> None:
        self._asked_twice = self._asked.is_set()
        self._asked.set()

    def start(self, *children: Child) -> None:
        for child in children:
            child.start()
            self.children.append(child)

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Until it is true. Raises Stopped, or Refused when it takes too long."""
        deadline = time.monotonic() + CHILD_START_SECONDS
        while not condition():
            self.check_children()
            if time.monotonic() > deadline:
                raise Refused(
                    f"{what} did not come up within {CHILD_START_SECONDS} seconds. "
                    f"{self._last_words()}"
                )

    def _last_words(self) -> str:
        silent = [child for child in self.children if not child.answers()]
        lines = [f"\n    {child.name}: {line}" for child in silent for line in child.journal.tail]
        return "It said:" + "".join(lines) if lines else "It said nothing; see the logs directory."

    def run(self, command: Sequence[str], environment: dict[str, str]) -> int:
        """A one-off that speaks on our console; the children are watched meanwhile."""
        job = subprocess.Popen(
            bound_to_parent(command),
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            while job.poll() is None:
                self.check_children()
        finally:
            if job.poll() is None:
                job.terminate()
                job.wait()
        return job.returncode

    def check_children(self) -> None:
        """Once around, then a short rest. Raises Stopped, or Refused when a child keeps dying."""
        for child in self.children:
            child.kill_when_out_of_grace()
            if (code := child.found_dead()) is not None:
                self._note_exit(child, code)
            elif child.start_again_at is not None and time.monotonic() >= child.start_again_at:
                child.start()
        if self._asked.wait(SUPERVISOR_CHECK_SECONDS):
            raise Stopped

    def _note_exit(self, child: Child, code: int) -> None:
        happened = child.record_exit(code)
        if child.quick_deaths < CHILD_QUICK_DEATHS:
            say(f"{child.name} stopped ({happened}); starting it again.")
            return
        lines = "".join(f"\n    {line}" for line in child.journal.tail)
        raise Refused(
            f"{child.name} stopped {child.quick_deaths} times right after its start ({happened}); "
            f"giving up. It said:{lines or ' nothing.'}"
        )

    def replace(self, child: Child, why: str) -> None:
        """Stop a child that lives but does not serve; `check_children` starts it again."""
        if child.kill_at is None:
            say(f"{child.name} {why}; starting it again.")
            child.ask_to_stop()

    def stop(self) -> None:
        """Everything, in order. What is being sent to a provider may end; a second signal cuts."""
        for names in STOP_ORDER:
            group = [child for child in self.children if child.name in names]
            for child in group:
                child.ask_to_stop()
            self._wait_for_end(group)

    def _wait_for_end(self, group: list[Child]) -> None:
        explain_at: float | None = time.monotonic() + PATIENCE_SECONDS
        while running := [child for child in group if child.is_running]:
            for child in running:
                child.kill_when_out_of_grace()
                if self._asked_twice:
                    child.kill()
            if explain_at and time.monotonic() > explain_at:
                names = " and ".join(child.name for child in running)
                say(f"Waiting for {names} to end calls to providers; Ctrl-C again cuts them off.")
                explain_at = None
            time.sleep(0.05)
        for child in group:
            child.kill()
