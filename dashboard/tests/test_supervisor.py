"""The parts of `manage.py up` that need no processes; tests/test_up.py has the whole."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from core.clocks import CHILD_QUICK_DEATHS, HEARTBEAT_STALE_SECONDS, SILENT_FOR_SECONDS
from dashboard.supervisor import broker, locks
from dashboard.supervisor.child import Child
from dashboard.supervisor.journal import Journal
from dashboard.supervisor.refusal import Refused
from dashboard.supervisor.sandbox_process import open_sandbox
from dashboard.supervisor.watch import Stopped, Watch
from dashboard.supervisor.watchdog import Listener, is_ready, silent_parts

WELL: dict[str, Any] = {
    "ready": True,
    "database": True,
    "broker": True,
    "beat": True,
    "workers_seconds_ago": {"dispatch": 1.0, "follow": 2.0},
}


def make_child(tmp_path: Path, code: str, name: str = "web", grace: float = 5) -> Child:
    journal = Journal(name, tmp_path / "logs")
    return Child(name, [sys.executable, "-c", code], {}, journal, lambda: True, grace)


def test_a_child_that_keeps_dying_is_given_up_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.supervisor.child.CHILD_BACKOFF_SECONDS", (0,))
    watch = Watch()
    watch.start(make_child(tmp_path, "print('no such table'); raise SystemExit(3)"))
    with pytest.raises(Refused) as given_up:
        watch.wait_for(lambda: False, "nothing")
    assert f"web stopped {CHILD_QUICK_DEATHS} times right after its start" in str(given_up.value)
    assert "exit code 3" in str(given_up.value)
    assert "no such table" in str(given_up.value)


def test_what_a_dead_child_left_running_is_ended(tmp_path: Path) -> None:
    ran = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True)"
    child = make_child(tmp_path, f"{ran}; sys.exit()")
    watch = Watch()
    watch.start(child)
    deadline = time.monotonic() + 10
    while child.process is not None and time.monotonic() < deadline:
        watch.check_children()
    left_behind = int(child.journal.tail[0])
    stat = Path(f"/proc/{left_behind}/stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_a_stop_is_asked_for_first_and_forced_when_grace_is_over(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True)"
    child = make_child(tmp_path, f"{deaf}; time.sleep(60)", grace=0.3)
    watch = Watch()
    watch.start(child)
    watch.wait_for(lambda: bool(child.journal.tail), "up")
    watch.stop()
    assert not child.is_running


def test_a_signal_ends_the_watch(tmp_path: Path) -> None:
    watch = Watch()
    watch._hear()
    with pytest.raises(Stopped):
        watch.check_children()


def test_a_silent_child_is_stopped_and_started_again(tmp_path: Path) -> None:
    child = make_child(tmp_path, "import time; time.sleep(60)", "worker")
    watch = Watch()
    watch.start(child)
    first = child.process
    watch.replace(child, "has gone silent")
    watch.wait_for(lambda: child.is_running and child.process is not first, "again")
    assert child.quick_deaths == 0
    watch.stop()


@pytest.mark.parametrize(
    ("change", "silent"),
    [
        ({}, set()),
        ({"ready": False, "beat": False}, {"beat"}),
        ({"workers_seconds_ago": {"dispatch": 1.0, "follow": None}}, {"worker"}),
        ({"workers_seconds_ago": {"dispatch": 900.0, "follow": 1.0}}, {"worker"}),
        ({"ready": False, "broker": False, "beat": False}, set()),
        ({"ready": False, "database": False, "beat": False}, set()),
    ],
    ids=["all well", "beat", "never heard", "heard long ago", "no broker", "no database"],
)
def test_silence_is_told_from_the_health_page(change: dict[str, Any], silent: set[str]) -> None:
    answer = {**WELL, **change}
    assert silent_parts(answer) == silent
    assert is_ready(answer) is (not change)


def test_a_web_that_does_not_answer_is_silent_itself() -> None:
    assert silent_parts(None) == {"web"}


def test_only_lasting_silence_of_a_child_that_had_time_counts() -> None:
    listener, now = Listener(port=1), 1000.0
    listener.note({"worker"}, now)
    later = now + SILENT_FOR_SECONDS + 1
    assert not listener.is_silent("worker", age=99, now=now + 1)
    assert not listener.is_silent("worker", age=3, now=later)
    assert listener.is_silent("worker", age=99, now=later)
    listener.note(set(), later)
    assert not listener.is_silent("worker", age=99, now=later)


def test_a_worker_that_says_itself_that_it_works_is_not_killed(tmp_path: Path) -> None:
    """The health page is behind the database; the worker's own file is not."""
    child = make_child(tmp_path, "import time; time.sleep(60)", "worker")
    child.pulse = tmp_path / "worker.pulse"
    assert not child.has_a_pulse()
    child.pulse.touch()
    assert child.has_a_pulse()
    for old in (HEARTBEAT_STALE_SECONDS + 5, -HEARTBEAT_STALE_SECONDS - 5):
        moment = time.time() - old
        os.utime(child.pulse, (moment, moment))
        assert not child.has_a_pulse()


def test_the_console_shows_warnings_with_their_tracebacks_and_no_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal("web", tmp_path, secrets=["s3cret-key"])
    for line in (
        "a banner",
        "2026-11-23 12:00:00,000 INFO orders fine",
        "2026-11-23 12:00:01,000 ERROR orders with s3cret-key",
        "Traceback (most recent call last):",
        '  File "orders/sending/send_run.py", line 7, in send',
        "ValueError: no",
        "a farewell",
        "[2026-11-23 12:00:02 +0000] [7] [INFO] quiet again",
        "and so on",
    ):
        journal.write(line)
    shown = capsys.readouterr().out
    assert "with [key]" in shown
    assert "Traceback" in shown
    assert "ValueError" in shown
    assert "farewell" not in shown
    assert shown.count("\n") == 4
    kept = (tmp_path / "web.log").read_text()
    assert "quiet again" in kept
    assert "s3cret-key" not in kept


def test_logs_are_turned_over_before_they_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.supervisor.journal.FILE_BYTES", 1000)
    journal = Journal("web", tmp_path)
    for number in range(500):
        journal.write(f"line {number}")
    assert len(list(tmp_path.iterdir())) == 4
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4000


def test_a_long_data_directory_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    path = broker.socket_path(deep)
    assert len(str(path)) <= broker.LONGEST_SOCKET_PATH
    assert path == broker.socket_path(deep) != broker.socket_path(tmp_path / ("y" * 120))
    assert broker.socket_path(Path("/short")) == Path("/short/broker.sock")


def test_the_sandbox_keeps_its_ports_and_keys_and_moves_only_when_it_must(tmp_path: Path) -> None:
    first = open_sandbox(tmp_path, 48_200)
    assert open_sandbox(tmp_path, 48_200) == first
    with socket.create_server(("127.0.0.1", first.port)):
        moved = open_sandbox(tmp_path, 48_200)
    assert moved.port not in (48_200, first.port, moved.control_port)
    assert (moved.key, moved.seed) == (first.key, first.seed)
    assert (tmp_path / "sandbox.json").stat().st_mode & 0o777 == 0o600


def test_the_sandbox_of_an_earlier_release_keeps_its_key(tmp_path: Path) -> None:
    first = open_sandbox(tmp_path, 48_200)
    (tmp_path / "sandbox.json").rename(tmp_path / "playground.json")
    assert open_sandbox(tmp_path, 48_200) == first


@pytest.mark.parametrize("port", [80_000, -1], ids=["too high", "negative"])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(Refused, match="no port"):
        locks.listen(port)
