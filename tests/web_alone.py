"""The web process of a desk by itself, with the command that a paper or the supervisor gives it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tests.running_desk import wait_until
from tests.slow_senders import plainly, seconds_for

PASSWORD = "a-first-pass-phrase"
STOP_SECONDS = 90  # on a busy machine


def environment_in(data_dir: Path, **more: str) -> dict[str, str]:
    """A database of its own, whatever the suite runs on."""
    outside = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return {**outside, "DESK_DATA_DIR": str(data_dir), "ALLOWED_HOSTS": "desk.example", **more}


def prepared(environment: dict[str, str]) -> None:
    """Tables, static files and the first admin."""
    command = [sys.executable, "manage.py", "prepare"]
    given = {**environment, "DESK_ADMIN_PASSWORD": PASSWORD}
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def warm_up(port: int) -> None:
    """The first page of each worker process takes what it needs into memory."""
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: seconds_for(plainly(port)), range(64)))


@contextmanager
def web(
    command: Sequence[str], port: int, environment: dict[str, str], keep_open: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Until the block ends; it has to end well then."""
    process = subprocess.Popen(
        [sys.executable if word == "python" else word for word in command],
        cwd=settings.BASE_DIR,
        env=environment,
        pass_fds=keep_open,
    )

    def answers() -> bool:
        assert process.poll() is None, "web did not start"
        try:
            return seconds_for(plainly(port)) > 0
        except OSError:
            return False

    try:
        wait_until(answers, "web answers", 60)
        warm_up(port)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0
