"""A desk moves from SQLite to PostgreSQL with every digit, key and number it had.

With the commands of docs/production.md, each in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from tests.running_services import postgres


@dataclass(frozen=True)
class Database:
    url: str

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": self.url},
            capture_output=True,
            text=True,
            check=False,
        )

    def do(self, verb: str) -> str:
        """Run a function of tests/moved_desk.py there; its last line."""
        done = self.manage(
            "shell", "--no-imports", "-c", f"from tests.moved_desk import {verb}; {verb}()"
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().rpartition("\n")[2]

    def migrated(self) -> Database:
        done = self.manage("migrate", "--verbosity", "0")
        assert done.returncode == 0, done.stderr
        return self


@pytest.fixture
def old(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'old.sqlite3'}").migrated()


@pytest.fixture
def new() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="desk-") as scratch:
        Path(scratch).chmod(0o755)
        with postgres(Path(scratch)) as url:
            yield Database(url).migrated()


def test_everything_arrives_as_it_was_and_the_numbers_go_on(old: Database, new: Database) -> None:
    old.do("fill")
    copied = new.manage("copy_data", old.url)
    assert copied.returncode == 0, copied.stderr
    before, after = json.loads(old.do("tell")), json.loads(new.do("tell"))
    assert [gate["kind"] for gate in after.pop("orders.Gate")] == ["restored"]
    assert before.pop("orders.Gate") == []
    assert after == before
    assert before["orders.Order"]
    new.do("go_on")
    again = new.manage("copy_data", old.url)
    assert "Nothing was copied" in again.stderr
    assert "empty database" in again.stderr


def test_a_database_of_another_version_is_refused(old: Database, tmp_path: Path) -> None:
    newer = Database(f"sqlite:///{tmp_path / 'newer.sqlite3'}").migrated()
    old.manage("migrate", "dashboard", "zero")
    refused = newer.manage("copy_data", old.url)
    assert refused.returncode == 1
    assert "migrate both first" in refused.stderr
