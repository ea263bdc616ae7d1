"""What a walk stands on: a sandbox in a process of its own, children that can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.db import connections
from django.test import override_settings

from providers.connect import shared_transport
from sandbox.box import RemoteSandbox
from tests.memory import scratch_place

ROOT = Path(__file__).parents[2]
FINISHED, BROKEN, KILLED = 0, 1, 77


class Ground:
    """A running sandbox with one account for each cell that is walked on it."""

    def __init__(self, box: RemoteSandbox, url: str, keys: list[str]) -> None:
        self.box, self.url = box, url
        self._keys = iter(keys)
        self.service = box.service("Default")

    def next_key(self) -> str:
        return next(self._keys)


@contextmanager
def ground(accounts: int) -> Iterator[Ground]:
    """A sandbox, and settings under which the desk may speak to it. Rows are not made here."""
    keys = [f"walk-key-{number:05}" for number in range(accounts)]
    how = ["--services", "20", "--speed", "0", "--partial", "0", "--canceled", "0", "--seed", "7"]
    command = [sys.executable, "-m", "sandbox", *how]
    env = {**os.environ, "SANDBOX_KEYS": " ".join(keys)}
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE)
        )
        stack.callback(process.terminate)
        assert process.stdout is not None
        said: dict[str, Any] = json.loads(process.stdout.readline())
        place = tempfile.TemporaryDirectory(prefix="desk-walk-", dir=scratch_place())
        scratch = stack.enter_context(place)
        stack.enter_context(override_settings(SANDBOX_URL=said["url"], DATA_DIR=Path(scratch)))
        stack.callback(shared_transport.cache_clear)
        shared_transport.cache_clear()
        box = RemoteSandbox(said["control_url"], said["control_token"])
        yield Ground(box, said["url"], keys)


def in_a_child(work: Callable[[], None]) -> int:
    """Do `work` in a process of its own and say how it ended: FINISHED, BROKEN or KILLED.

    Nothing is tidied up in it, as in a process that is killed.
    """
    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):  # its sockets must not be shared with a child
            connection.close_pool()
    child = os.fork()
    if child == 0:
        code = BROKEN
        try:
            work()
            code = FINISHED
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill() -> None:
    """End this process here and now: no clean-up, no rollback but the database's own."""
    os._exit(KILLED)
