"""A desk moves from SQLite to PostgreSQL with every digit, key and number it had.

With the commands of docs/production.md, each in a process of its own.
"""

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

    def do(self, *verbs: str) -> str:
        """Run functions of tests/moved_desk.py there; the last line."""
        calls = "; ".join(f"moved_desk.{verb}()" for verb in verbs)
        done = self.manage("shell", "--no-imports", "-c", f"from tests import moved_desk; {calls}")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().rpartition("\n")[2]

    def migrated(self) -> Database:
        done = self.manage("migrate", "--verbosity", "0")
        assert done.returncode == 0, done.stderr
        return self


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("moving") / "migrated.sqlite3"
    Database(f"sqlite:///{path}").migrated()
    return path


@pytest.fixture
def old(tmp_path: Path, migrated: Path) -> Database:
    return Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'old.sqlite3')}")


@pytest.fixture
def new() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="desk-") as scratch:
        Path(scratch).chmod(0o755)
        with postgres(Path(scratch)) as url:
            yield Database(url).migrated()


def test_everything_arrives_as_it_was_and_the_numbers_go_on(old: Database, new: Database) -> None:
    before = json.loads(old.do("fill", "tell"))
    assert before["orders.Order"]
    copied = new.manage("copy_data", old.url)
    assert copied.returncode == 0, copied.stderr
    after = json.loads(new.do("tell", "go_on"))
    assert [halt["kind"] for halt in after.pop("orders.Halt")] == ["restored"]
    assert before.pop("orders.Halt") == []
    assert after == before
    again = new.manage("copy_data", old.url)
    assert "Nothing was copied" in again.stderr
    assert "empty database" in again.stderr


def test_a_database_of_another_version_is_refused(old: Database, migrated: Path) -> None:
    newer = Database(f"sqlite:///{migrated}")
    old.manage("migrate", "dashboard", "zero")
    refused = newer.manage("copy_data", old.url)
    assert refused.returncode == 1
    assert "migrate both first" in refused.stderr
