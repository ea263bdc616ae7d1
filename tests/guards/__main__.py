"""Take each guard out of a scratch copy of the project; its named tests must go red there.

`python -m tests.guards [--only WORD] [--part N/M]`. Ends with 1 where one stays green, or where
the tests are not green to begin with. Those that PostgreSQL alone needs are taken out by
`python -m tests.running_services python -m tests.guards`, one after the other, and no others.
"""

from __future__ import annotations

import argparse
import compileall
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from py_compile import PycInvalidationMode

from tests.cloned_database import KEPT_IN, key_of
from tests.memory import scratch_place

from .children import ROOT, begin, environment, read_libraries
from .guard import Guard
from .table import GUARDS

LEFT_OUT = (".venv", ".git", "data", "__pycache__", ".*_cache", ".hypothesis", "staticfiles")
MIGRATE = """import tests.environment, django, django.core.management
django.setup()
django.core.management.call_command("migrate", verbosity=0)
"""
GREEN, RED = 0, 1
DROPPED = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "{newest}")]
    operations = [{operation}]
"""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.guards", description=__doc__)
    options.add_argument("--only", default="", help="guards with this in their name")
    options.add_argument("--part", default="0/1", help="each Mth guard from the Nth on: N/M")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="copies at a time")
    asked = options.parse_args()
    there = os.environ.get("DATABASE_URL", "").startswith("postgres")
    needed = [guard for guard in GUARDS if guard.on_postgresql == there]
    chosen = _part([guard for guard in needed if asked.only in guard.name], asked.part)
    if not chosen:
        print("No guard is to be taken out on this database.")
        return 0
    jobs = 1 if there else asked.jobs  # one database has one name
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="desk-guards-", dir=scratch_place()) as scratch:
        copy = _copy_of_the_project(Path(scratch) / "0")
        ended, said = _run_whole(copy, chosen, jobs)
        if ended != GREEN:
            print(f"With every guard in its place the tests are not green:\n{said}")
            return 1
        more = [Path(scratch) / str(n) / "copy" for n in range(1, jobs)]
        noticed = _noticed_in([copy, *(shutil.copytree(copy, other) for other in more)], chosen)
    print(
        f"{len(chosen)} guards taken out one at a time: {noticed} noticed by a named test, "
        f"{len(chosen) - noticed} not. {time.monotonic() - started:.0f} s."
    )
    return noticed != len(chosen)


def _copy_of_the_project(directory: Path) -> Path:
    """Compiled by content: a line that is changed and put back is seen, whatever the clock says."""
    copy = directory / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    if (ROOT / KEPT_IN).is_dir():
        shutil.copytree(ROOT / KEPT_IN, copy / KEPT_IN)
    compileall.compile_dir(copy, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return copy


def _run_whole(copy: Path, guards: Sequence[Guard], jobs: int) -> tuple[int, str]:
    """How the named tests end with every guard in its place; leaves its database for the others."""
    named = sorted({test for guard in guards for test in guard.tests})
    at_once = ["--numprocesses", str(jobs), "--dist", "loadfile"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *at_once, *named]
    env = environment(copy)
    ended = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def _part(guards: Sequence[Guard], part: str) -> list[Guard]:
    """Each Mth from the Nth on, N counted around: as many runs as M take out all of them."""
    first, of = (int(number) for number in part.split("/"))
    return list(guards[first % of :: of])


def _noticed_in(copies: Sequence[Path], guards: Sequence[Guard]) -> int:
    """How many are noticed. Each is out of one copy, as many at a time as there are copies."""
    read_libraries()
    free, waiting = list(copies), list(guards)
    running: dict[int, tuple[Path, Guard, ExitStack]] = {}
    noticed = 0
    while waiting or running:
        while waiting and free:
            copy, guard, stack = free.pop(), waiting.pop(0), ExitStack()
            stack.enter_context(_without(copy, guard))
            running[begin(copy, guard.tests, _words_of(copy))] = copy, guard, stack
        process, status = os.wait()
        copy, guard, stack = running.pop(process)
        stack.close()
        noticed += _is_noticed(guard, os.waitstatus_to_exitcode(status), _words_of(copy))
        free.append(copy)
    return noticed


def _words_of(copy: Path) -> Path:
    return copy.parent / "said"


def _is_noticed(guard: Guard, ended: int, words: Path) -> bool:
    """A named test fails without the guard, and fails as a test: it did not just not run."""
    said = words.read_text(errors="replace")
    noticed = failed_as_a_test(ended, said)
    print(f"{'red  ' if noticed else 'GREEN'} {guard.name}: {_shown(guard)}", flush=True)
    if not noticed:
        print(said[-2000:])
    return noticed


def failed_as_a_test(ended: int, said: str) -> bool:
    """By pytest's own lines at the end; a log that a test wrote has lines with ERROR too, padded
    to a column."""
    failed = re.search(r"^FAILED \S", said, re.MULTILINE)
    broken = re.search(r"^ERROR \S", said, re.MULTILINE)
    return ended == RED and failed is not None and broken is None


def _shown(guard: Guard) -> str:
    return ", ".join(test.partition("::")[2] for test in guard.tests)


@contextmanager
def _without(copy: Path, guard: Guard) -> Iterator[None]:
    """The copy without this guard; afterwards as it was."""
    if not guard.path:
        with _one_migration_more(copy, guard):
            yield
        return
    path = copy / guard.path
    as_it_was = path.read_text()
    if as_it_was.count(guard.old) != 1:
        raise LookupError(f"{guard.name}: its line stands not once in {guard.path}")
    path.write_text(as_it_was.replace(guard.old, guard.new))
    try:
        yield
    finally:
        path.write_text(as_it_was)


@contextmanager
def _one_migration_more(copy: Path, guard: Guard) -> Iterator[None]:
    """It drops the index, in the database that the suite has kept and under the name it will ask
    for: migrating from the first table on takes longer than all the tests."""
    migrations = copy / "orders/migrations"
    newest = max(path.stem for path in migrations.glob("[0-9]*.py"))
    kept = _kept_database(copy)
    dropping = migrations / "9999_without_a_guard.py"
    dropping.write_text(DROPPED.format(newest=newest, operation=guard.new))
    without = shutil.copyfile(kept, _kept_database(copy))
    try:
        env = {**environment(copy), "DATABASE_URL": f"sqlite:///{without}"}
        subprocess.run([sys.executable, "-c", MIGRATE], cwd=copy, env=env, check=True)
        yield
    finally:
        dropping.unlink()
        without.unlink()


def _kept_database(copy: Path) -> Path:
    return copy / KEPT_IN / f"{key_of(copy)}.sqlite3"


if __name__ == "__main__":
    sys.exit(main())
