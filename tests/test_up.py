"""`manage.py up` for real: its own processes, its own data, killed in every way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from core.clocks import WORKER_STOP_SECONDS
from tests.running_desk import Desk, survivors, wait_until
from tests.slow_senders import (
    HALF_BODY,
    HALF_CHUNKS,
    HALF_HEADER,
    answers_in_time,
    plainly,
    slow_senders,
)

LINUX_ONLY = pytest.mark.skipif(
    not sys.platform.startswith("linux"),
    reason="reads /proc, and parent death is told on Linux only",
)


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
    sandbox = json.loads((desk.data_dir / "sandbox" / "sandbox.json").read_text())
    logs = "".join(path.read_text() for path in (desk.data_dir / "logs").iterdir())
    lines = desk.said() + logs + "".join(survivors(desk))
    assert sandbox["key"] not in lines
    assert sandbox["control_token"] not in lines


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
def test_two_hundred_slow_sockets_do_not_stop_the_embedded_desk(desk: Desk) -> None:
    before = desk.children()["web"]
    with slow_senders(plainly(desk.port), HALF_HEADER, HALF_BODY, HALF_CHUNKS):
        assert answers_in_time(plainly(desk.port))
    assert desk.children()["web"] == before


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
    assert desk.stop() < WORKER_STOP_SECONDS / 2  # nobody had to be killed, also on a busy machine
    assert survivors(desk) == []
    desk.start()
    assert "Log in as admin" not in desk.said()
    assert "mirrored" not in desk.said()


@LINUX_ONLY
def test_a_killed_supervisor_takes_everything_with_it(desk: Desk) -> None:
    assert desk.process is not None
    desk.process.kill()
    desk.process.wait()
    wait_until(lambda: survivors(desk) == [], "no orphans", 5)
