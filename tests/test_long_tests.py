"""Which of the long tests run, where, and beside what: the programs are stood in for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ON_POSTGRES = "-m tests.running_services "
STAND_IN = """#!/bin/sh
echo "$(basename "$0") $*" >> "$SAID"
case "$*" in *"$ENDS_WITH_5"*) exit 5 ;; esac
"""


class Typed:
    """A place where programs, also those that would install others, only write down their words."""

    code: int

    def __init__(self, place: Path) -> None:
        self.place = place
        programs = ("make", "python", "git", "docker-compose", "apt-get", "sudo")
        for name in (*(f"bin/{program}" for program in programs), ".venv/bin/python"):
            program = place / name
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(STAND_IN)
            program.chmod(0o755)

    def run(self, *command: str, empty: str = "nothing of all", **more: str) -> list[str]:
        said = self.place / "said"
        said.write_text("")
        path = f"{self.place / 'bin'}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "SAID": str(said), "ENDS_WITH_5": empty, "DATABASE": "", **more}
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, capture_output=True)
        self.code = done.returncode
        return said.read_text().splitlines()


@pytest.fixture
def typed(tmp_path: Path) -> Typed:
    return Typed(tmp_path)


def long(typed: Typed, database: str, *, empty: str = "nothing of all") -> list[str]:
    return typed.run("sh", "tests/run_long.sh", "-k", "not x", DATABASE=database, empty=empty)


@pytest.mark.parametrize(
    ("database", "here", "on_postgres"),
    [
        ("", "-m long -k", True),
        ("sqlite", "-m long -k", False),
        ("postgres", "-m long and not services -k", True),
    ],
)
def test_long_tests_of_rows_run_on_the_database_that_was_asked_for(
    typed: Typed, database: str, here: str, on_postgres: bool
) -> None:
    _, others, *again = long(typed, database)
    assert here in others and ON_POSTGRES not in others
    assert [ON_POSTGRES in one and "-m long and services -k not x" in one for one in again] == (
        [True] * on_postgres
    )
    assert typed.code == 0


def test_who_measures_seconds_runs_beside_nothing_and_only_once(typed: Typed) -> None:
    alone, *others = long(typed, "")
    for file in ("tests/test_busy_desk.py", "tests/test_proxy.py"):
        assert file in alone and "--numprocesses" not in alone
        assert all(f"--ignore {file}" in one for one in others)


def test_a_name_that_no_long_test_has_is_not_green(typed: Typed) -> None:
    long(typed, "", empty="numprocesses")
    assert typed.code == 0, "the desk that is measured was asked for, and no other"
    long(typed, "", empty="pytest")
    assert typed.code == 5


def test_of_twelve_commits_two_run_the_long_tests_of_rows_each_on_its_database(
    typed: Typed,
) -> None:
    (typed.place / ".ci").mkdir()
    run = typed.place / ".ci/run"
    run.write_text((ROOT / ".ci/run").read_text())
    told = []
    for number in range(12):
        (typed.place / "bin/git").write_text(f"#!/bin/sh\necho {number:06x}{'0' * 34}\n")
        told.append(typed.run("bash", str(run))[-1])
    assert [one for one in told if "not compose" in one] == [
        "make long DATABASE=sqlite LONG=-k 'not compose'",
        "make long DATABASE=postgres LONG=-k 'not compose'",
    ]
    stories = [one for one in told if "make long" in one and "not compose" not in one]
    assert len(stories) == 2 and all("DATABASE=sqlite" in one for one in stories)
