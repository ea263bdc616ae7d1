"""`manage.py up` for real: its own processes, its own data, killed in every way."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings

LINUX_ONLY = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="reads /proc, and tethers exist on Linux only"
)


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
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
    process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """Without what the suite sets for itself: a newcomer has none of it."""
        own = ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "REDIS_URL", "DATABASE_URL")
        inherited = {name: value for name, value in os.environ.items() if name not in own}
        return {**inherited, "DESK_DATA_DIR": str(self.data_dir), "PORT": str(self.port)}

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
        wait_until(lambda: self.is_open() or process.poll() is not None, "start")
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


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("up") / "data")
    desk.start()
    yield desk
    if desk.process is not None and desk.process.poll() is None:
        desk.process.kill()


@LINUX_ONLY
def test_it_says_where_it_is_and_how_to_log_in(desk: Desk) -> None:
    said = desk.said()
    assert "500 services mirrored" in said
    assert "Log in as admin with " in said
    assert said.rstrip().endswith(f"http://localhost:{desk.port}/")
    assert "Traceback" not in said


@LINUX_ONLY
def test_secrets_are_the_owners_and_in_no_log(desk: Desk) -> None:
    assert (desk.data_dir / "secrets.env").stat().st_mode & 0o777 == 0o600
    playground = json.loads((desk.data_dir / "sandbox" / "playground.json").read_text())
    logs = "".join(path.read_text() for path in (desk.data_dir / "logs").iterdir())
    lines = desk.said() + logs + "".join(survivors(desk))
    assert playground["key"] not in lines
    assert playground["control_token"] not in lines


@LINUX_ONLY
def test_a_second_desk_on_the_same_data_is_refused(desk: Desk) -> None:
    second = Desk(desk.data_dir)
    refused = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=settings.BASE_DIR,
        env=second.environment(),
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert "A desk is already running" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@LINUX_ONLY
def test_a_port_in_use_gets_one_line_that_says_what_to_do(desk: Desk, tmp_path: Path) -> None:
    second = Desk(tmp_path / "data", port=desk.port)
    refused = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=settings.BASE_DIR,
        env=second.environment(),
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert f"Port {desk.port} is in use" in refused.stderr
    assert f"PORT={desk.port + 1} make run" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@LINUX_ONLY
@pytest.mark.parametrize("name", ["worker", "broker", "web", "beat", "sandbox"])
def test_a_killed_child_is_back_within_seconds(desk: Desk, name: str) -> None:
    before = desk.children()
    killed_at = time.monotonic()
    os.kill(before[name], signal.SIGKILL)
    wait_until(lambda: desk.children().get(name, before[name]) != before[name], f"{name} again")

    def heard_since_the_kill() -> bool:
        return desk.heard() < time.monotonic() - killed_at

    wait_until(heard_since_the_kill, f"all serving after the death of {name}", 20)
    after = desk.children()
    assert {**before, name: 0} == {**after, name: 0}  # nobody else was started again


@LINUX_ONLY
def test_ctrl_c_leaves_nothing_behind_and_the_next_start_finds_its_data(desk: Desk) -> None:
    assert desk.stop() < 5
    assert survivors(desk) == []
    began = time.monotonic()
    desk.start()
    assert time.monotonic() - began < 20
    assert "Log in as admin" not in desk.said()
    assert "mirrored" not in desk.said()


@LINUX_ONLY
def test_a_killed_supervisor_takes_everything_with_it(desk: Desk) -> None:
    assert desk.process is not None
    desk.process.kill()
    desk.process.wait()
    wait_until(lambda: survivors(desk) == [], "no orphans", 5)
