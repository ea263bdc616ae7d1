"""What docs/production.md says for docker compose is typed, and the desk counted row by row."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dashboard.supervisor.secrets_file import MAKERS, as_lines
from sandbox.box import Sandbox
from tests.compose_config import ROOT, place_files
from tests.docs_commands import blocks, said_below, steps
from tests.running_desk import Desk, free_port, wait_until
from tests.running_services import postgres, postgres_programs

needs_compose = pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="needs the program docker-compose, no engine"
)
RUNNING = "beat web worker-dispatch worker-follow"
Rows = dict[str, list[dict[str, Any]]]
LONG_ENOUGH = 5  # seconds: a desk that is ready looks several times for what it could send
Orders = list[tuple[Any, ...]]
MANY = "SELECT n, md5(n::text), md5((-n)::text), 'queued' FROM generate_series(1, 2000) AS n"


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
        (programs / "git").write_text('#!/bin/sh\necho "$@" >> git.log\n')
        (programs / "git").chmod(0o755)
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
    place.block("database pg_restore")
    restored = place.tell()
    assert [halt["kind"] for halt in restored.pop("orders.Halt")] == ["restored"]  # quarantined
    assert restored == before
    assert (place.path / "up").read_text() == RUNNING


def released_before(place: Place, provider: Sandbox) -> dict[str, str]:
    """A desk of release 0.1.0 that is up, with image and the volume that it had; its `.env`."""
    secrets = [line.partition("=")[::2] for line in as_lines(compose=True).splitlines()]
    kept = dict(secrets) | {"FIELD_ENCRYPTION_KEYS": os.environ["FIELD_ENCRYPTION_KEYS"]}
    (place.path / ".env").write_text("".join(f"{name}={word}\n" for name, word in kept.items()))
    (place.path / "up").write_text(RUNNING)
    (place.path / "image").mkdir()
    (place.path / "image" / "of-before").touch()
    (place.path / "volumes" / "broker").mkdir(parents=True)
    words = f"from tests.upgrade import on_postgresql; on_postgresql.put('{provider.url}')"
    manage(place, kept, "shell", "--settings", "tests.upgrade.with_admin", "-c", words)
    return kept


def manage(place: Place, secrets: dict[str, str], *words: str) -> None:
    """Of this checkout, beside Compose."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**place.environment, **secrets, "DATABASE_URL": database_url(place)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def database_url(place: Place, name: str = "desk") -> str:
    return f"postgres://desk@127.0.0.1:{place.environment['PGPORT']}/{name}"


def orders_of(place: Place, database: str = "desk") -> Orders:
    """Of any release."""
    with psycopg.connect(database_url(place, database)) as line:
        columns = "id, link, external_id, status"
        return line.execute(f"SELECT {columns} FROM orders_order ORDER BY id").fetchall()


def migrations_of(place: Place) -> Orders:
    with psycopg.connect(database_url(place)) as line:
        return line.execute("SELECT app, name FROM django_migrations ORDER BY 1, 2").fetchall()


@contextmanager
def running(place: Place, provider: Sandbox) -> Iterator[Desk]:
    """What `up` starts there, as processes of this machine, once it says that it is ready."""
    lines = (place.path / ".env").read_text().splitlines()
    own = {name: word for name, _, word in (line.partition("=") for line in lines)}
    own = {name: own[name] for name in MAKERS} | {"DATABASE_URL": database_url(place)}
    own["DESK_SANDBOX_URL"] = provider.origin
    desk = Desk(place.path / "volumes" / "sent", extra=own)
    desk.start("--no-sandbox")
    try:
        assert "migrations applied" not in desk.said(), "the paper's commands left some"
        wait_until(lambda: desk.ready() is not None, "the desk is not ready", 120)
        yield desk
    finally:
        desk.stop()


def in_its_place(lines: list[str]) -> list[str]:
    """The steps of a restore up to where the restored database has the name of the desk's."""
    typed = steps(lines)
    [last] = [number for number, step in enumerate(typed) if "RENAME" in step]
    return typed[: last + 1]


def upgrade(place: Place) -> None:
    """Each command of its chapter, in their order."""
    [lines] = [found for found in blocks() if any("> before-upgrade.dump" in one for one in found)]
    for line in lines:
        place.type(line)
    place.type(said_below("> before-upgrade.dump")[0])
    assert (place.path / "git.log").read_text() == "pull\n"
    assert not (place.path / "image" / "of-before").exists(), "the new release is not built"
    assert (place.path / "beside").read_text() == "\n", "one of before is up as it is migrated"
    assert (place.path / "up").read_text() == RUNNING
    assert not (place.path / "volumes" / "broker").exists()


@needs_compose
@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_commands_for_compose_upgrade_a_desk_and_nothing_is_sent_twice(
    place: Place,
) -> None:
    with Sandbox(services=5, speed=0, key="northwind-key-0001") as provider:
        provider.edit_service(1204, type="Default", rate="0.9", min=10, max=100000)
        released_before(place, provider)
        env = (place.path / ".env").read_text()
        before = orders_of(place)
        waited = {link for _, link, _, status in before if status in ("queued", "held")}

        upgrade(place)
        assert place.manage("migrate --check") == ""
        assert orders_of(place) == before and len(before) == 57
        assert (place.path / ".env").read_text() == env
        words = "from tests.upgrade import on_postgresql; on_postgresql.let_go()"
        place.manage(f"shell --no-imports -c '{words}'")
        with running(place, provider):
            wait_until(lambda: bool(provider.ledger()), "what was queued is not sent", 120)
            time.sleep(LONG_ENOUGH)
        bought = [row["link"] for row in provider.ledger()]
        assert bought and len(set(bought)) == len(bought) and set(bought) <= waited
        assert [row[:2] for row in orders_of(place)] == [row[:2] for row in before]


@needs_compose
@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_backup_of_before_an_upgrade_is_restored_over_the_tables_of_the_newer_release(
    place: Place,
) -> None:
    with Sandbox(services=5, speed=0) as provider:
        kept = released_before(place, provider)
    before = orders_of(place), migrations_of(place)
    [dump] = [line for lines in blocks() for line in lines if "> before-upgrade.dump" in line]
    place.type(dump)
    manage(place, kept, "migrate", "--verbosity", "0")
    assert migrations_of(place) != before[1]
    _, checked_out, built = said_below("> before-upgrade.dump")
    place.type(checked_out)
    assert built == blocks()[0][0]
    (place.path / "before-upgrade.dump").rename(place.path / "desk.dump")
    [lines] = [found for found in blocks() if any("database pg_restore" in one for one in found)]
    for step in in_its_place(lines):
        place.type(step)
    assert (orders_of(place), migrations_of(place)) == before


@needs_compose
@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("share", [0, 0.5, 0.9], ids=["empty", "half", "cut short"])
def test_a_dump_that_cannot_be_read_leaves_the_desk_of_before_and_starts_nothing(
    place: Place, share: float
) -> None:
    (place.path / ".env").write_text(as_lines(compose=True))
    with psycopg.connect(database_url(place)) as line:
        line.execute("CREATE TABLE orders_order (id, link, external_id, status) AS " + MANY)
    (place.path / "up").write_text(RUNNING)
    [dump] = [line for lines in blocks() for line in lines if line.endswith("> desk.dump")]
    place.type(dump)
    before, whole = orders_of(place), (place.path / "desk.dump").read_bytes()
    (place.path / "desk.dump").write_bytes(whole[: int(len(whole) * share)])
    with psycopg.connect(database_url(place)) as line:
        line.execute("UPDATE orders_order SET status = 'completed'")
    now = orders_of(place)
    assert len(now) == 2000 and now != before

    [lines] = [found for found in blocks() if any("database pg_restore" in one for one in found)]
    for typed in lines:  # a shell goes on with the next one
        with suppress(AssertionError):
            place.type(typed)
    assert orders_of(place) == now
    assert (place.path / "up").read_text() == "", "what is empty is not started"

    (place.path / "desk.dump").write_bytes(whole)
    for again in range(2):  # the second time the one of before is in the way
        with pytest.raises(AssertionError) if again else nullcontext():
            for step in in_its_place(lines):
                place.type(step)
        assert orders_of(place) == before
        assert orders_of(place, "desk_before") == now
