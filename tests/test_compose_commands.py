"""What docs/production.md says for docker compose is typed, and the desk counted row by row."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dashboard.supervisor.secrets_file import MAKERS
from tests.compose_config import ROOT, place_files
from tests.docs_commands import blocks
from tests.running_desk import free_port
from tests.running_services import postgres, postgres_programs

needs_compose = pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="needs the program docker-compose, no engine"
)
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Place:
    """A directory with docker-compose.yml, as a person stands in it."""

    path: Path
    environment: dict[str, str]

    def type(self, line: str) -> str:
        done = subprocess.run(
            ["sh", "-ec", line],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout.strip().rpartition("\n")[2]

    def block(self, with_word: str) -> None:
        """Every line of the one block of the paper with this word."""
        [lines] = [lines for lines in blocks() if any(with_word in line for line in lines)]
        for line in lines:
            self.type(line)

    def manage(self, words: str) -> str:
        return self.type(
            f"docker compose run --rm -e PYTHONPATH={ROOT} migrate python manage.py {words}"
        )

    def tell(self, first: str = "") -> Rows:
        """Every row of every table, after a function of tests/moved_desk.py."""
        calls = "; ".join(f"moved_desk.{verb}()" for verb in (first, "tell") if verb)
        told = self.manage(f"shell --no-imports -c 'from tests import moved_desk; {calls}'")
        rows: Rows = json.loads(told)
        return rows


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="docs-") as name:
        scratch, here = Path(name), Path(name) / "desk"
        scratch.chmod(0o755)
        here.mkdir()
        place_files(here)
        (here / "somewhere-else").mkdir()
        programs = scratch / "bin"
        programs.mkdir()
        docker = f'#!/bin/sh\nexec {sys.executable} -m tests.compose_stand_in "$@"\n'
        (programs / "docker").write_text(docker)
        (programs / "docker").chmod(0o755)
        monkeypatch.setenv("PGPORT", str(free_port()))
        with postgres(scratch, listen="127.0.0.1"):
            server: dict[str, Any] = {"host": str(scratch / "pg"), "user": "desk"}
            with psycopg.connect(**server, dbname="postgres", autocommit=True) as line:
                line.execute("CREATE DATABASE desk")
            outside = {key: value for key, value in os.environ.items() if key not in MAKERS}
            outside.pop("DATABASE_URL", None)
            (scratch / "tools").mkdir()
            tools = postgres_programs(scratch / "tools")  # pg_dump of the server's own version
            path = [programs, Path(sys.executable).parent, tools, outside["PATH"]]
            yield Place(
                here,
                {
                    **outside,
                    "PATH": os.pathsep.join(map(str, path)),
                    "PYTHONPATH": str(ROOT),
                    "PGHOST": server["host"],
                },
            )


def embedded(place: Place) -> Rows:
    """A desk of before, beside the checkout, with its secrets in `.env`; its rows."""
    data = place.path / "data"
    for name in ("sent", "spool"):
        (data / name).mkdir(parents=True)
    (data / "sent" / "7.jsonl").write_text("{}\n")
    secrets = dict(
        line.split("=", 1)
        for line in (place.path / ".env").read_text().splitlines()
        if line.partition("=")[0] in MAKERS
    )
    old = {**place.environment, **secrets, "DESK_DATA_DIR": str(data)}
    calls = "from tests import moved_desk; moved_desk.fill(); moved_desk.tell()"
    for words in (["migrate", "--verbosity", "0"], ["shell", "--no-imports", "-c", calls]):
        done = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=old, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    rows: Rows = json.loads(done.stdout.strip().rpartition("\n")[2])
    return rows


@needs_compose
@pytest.mark.long
@pytest.mark.timeout(1500)  # some thirty programs, one after the other
def test_the_commands_for_compose_move_back_up_and_restore_every_row(place: Place) -> None:
    built, *_, made = blocks()[0][:3]
    assert built.startswith("docker build") and "new_secrets" in made
    for line in (built, made):
        place.type(line)
    before = embedded(place)

    place.block("--volume reseller-desk_sent:/data")  # the move, which copies `sent` out of `data`
    moved = place.tell()
    assert [halt["kind"] for halt in moved.pop("orders.Halt")] == ["restored"]
    assert before.pop("orders.Halt") == []
    assert moved == before
    assert (place.path / "volumes" / "sent" / "sent" / "7.jsonl").read_text() == "{}\n"

    place.tell("accept")
    place.block("> desk.dump")
    kept = (place.path / ".env").read_text()
    assert (place.path / "somewhere-else" / ".env").read_text() == kept
    assert len(place.tell("go_on")["orders.Order"]) == len(before["orders.Order"]) + 1
    place.block("pg_restore")
    restored = place.tell()
    assert [halt["kind"] for halt in restored.pop("orders.Halt")] == ["restored"]  # quarantined
    assert restored == before
    assert (place.path / "up").read_text() == "beat web worker-dispatch worker-follow"
