"""What docs/production.md says to type to put a backup back is typed, with a dump that is empty or
cut, with one that is whole, and once more. For docker compose: tests/test_compose_commands.py."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from tests.docs_commands import blocks
from tests.running_desk import free_port
from tests.running_services import postgres, postgres_programs
from tests.test_docs_commands import environment_in, run

ROOT = Path(__file__).resolve().parent.parent
MADE = "CREATE TABLE kept AS SELECT 'before' AS word"
SINCE = "UPDATE kept SET word = 'since'"
KEPT, STOPPED = "SELECT word FROM kept", "SELECT kind FROM orders_halt WHERE lifted_at IS NULL"
SHARES = (0, 0.5, 0.9)  # of a backup: empty, half, cut short


@pytest.fixture
def desk() -> Iterator[Path]:
    """A checkout as somebody stands in it, where `make` only says what it was told."""
    with tempfile.TemporaryDirectory(prefix="docs-") as name:
        place = Path(name)
        place.chmod(0o755)
        (place / ".venv").symlink_to(Path(sys.executable).parent.parent)
        (place / "manage.py").symlink_to(ROOT / "manage.py")
        (place / "bin").mkdir()
        (place / "bin/make").write_text('#!/bin/sh\necho "make $*"\n')
        (place / "bin/make").chmod(0o755)
        (place / "data").mkdir()
        yield place


def environment(desk: Path, *programs: Path, **more: str) -> dict[str, str]:
    found = environment_in(desk / "data", **more)
    path = [desk / "bin", *programs, found["PATH"]]
    return {**found, "PATH": os.pathsep.join(map(str, path))}


def block(word: str, *, but: str = "docker compose") -> str:
    [lines] = [
        lines
        for lines in blocks()
        if any(word in line for line in lines) and not any(but in line for line in lines)
    ]
    return "\n".join(lines)


def command(word: str) -> str:
    [line] = [line for lines in blocks() for line in lines if word in line]
    return line


def test_the_commands_put_a_backup_of_the_embedded_desk_back_and_stop_all_sending(
    desk: Path, django_db_setup: None
) -> None:
    file, copy, here = desk / "data/desk.sqlite3", desk / "desk-backup.sqlite3", environment(desk)
    running = sqlite3.connect(file)
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as migrated:
        migrated.backup(running)
    running.executescript(f"PRAGMA journal_mode = wal; {MADE}")
    run(command("backup("), desk, here)
    running.execute(SINCE)
    running.commit()
    restore = block("desk-backup.sqlite3 data/desk.sqlite3")

    whole = copy.read_bytes()
    for share in SHARES:
        copy.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(AssertionError):
            run(restore, desk, here)
        assert told(file, KEPT) == ["since"]
    copy.write_bytes(whole)
    assert (desk / "data/desk.sqlite3-wal").exists(), "it would be read into the backup"
    assert run(restore, desk, here).endswith("make run\n")
    assert told(file, KEPT) == ["before"] and told(file, STOPPED) == ["restored"]
    assert told(desk / "data/before/desk.sqlite3", KEPT) == ["since"]

    with pytest.raises(AssertionError):
        run(restore, desk, here)
    assert told(desk / "data/before/desk.sqlite3", KEPT) == ["since"], "the only copy is gone"


def told(file: Path, question: str) -> list[str]:
    with closing(sqlite3.connect(file)) as line:
        return [word for (word,) in line.execute(question)]


@pytest.mark.long
def test_the_commands_put_a_dump_of_ones_own_server_back_and_stop_all_sending(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", str(free_port()))
    with postgres(desk, listen="127.0.0.1"):
        server = f"postgres://desk@127.0.0.1:{os.environ['PGPORT']}"
        (desk / "tools").mkdir()
        tools = postgres_programs(desk / "tools")  # pg_dump of the server's own version
        here = environment(desk, tools, DATABASE_URL=f"{server}/desk")
        at(server, "postgres", "CREATE DATABASE desk")
        at(server, "desk", MADE)  # all other tables come with `prepare`, as of an older release
        run(command("--file=desk.dump"), desk, here)
        at(server, "desk", SINCE)
        restore = block("pg_restore")

        whole = (desk / "desk.dump").read_bytes()
        for share in SHARES:
            (desk / "desk.dump").write_bytes(whole[: int(len(whole) * share)])
            with pytest.raises(AssertionError):
                run(restore, desk, here)
            assert at(server, "desk", KEPT) == ["since"]
        (desk / "desk.dump").write_bytes(whole)
        run(restore, desk, here)
        assert at(server, "desk", KEPT) == ["before"]
        assert at(server, "desk", STOPPED) == ["restored"]
        assert at(server, "desk_before", KEPT) == ["since"]

        with pytest.raises(AssertionError):
            run(restore, desk, here)
        assert at(server, "desk_before", KEPT) == ["since"], "the only copy is gone"
        assert at(server, "desk", STOPPED) == ["restored"]


def at(server: str, database: str, statement: str) -> list[str]:
    with psycopg.connect(f"{server}/{database}", autocommit=True) as line:
        done = line.execute(statement.encode())
        return [word for (word,) in done] if done.description else []
