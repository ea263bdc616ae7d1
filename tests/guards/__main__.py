"""Take each guard out of a scratch copy of the house; its named tests must go red there.

`python -m tests.guards [--only WORD]`. Ends with 1 where one stays green, or where the tests are
not green to begin with.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

from .table import GUARDS, Guard

ROOT = Path(__file__).parents[2]
LEFT_OUT = (".venv", ".git", "data", "__pycache__", ".*_cache", ".hypothesis", "staticfiles")
GREEN, RED = 0, 1
DROPPED = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "{newest}")]
    operations = [{operation}]
"""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.guards", description=__doc__)
    options.add_argument("--only", default="", help="guards with this in their name")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="copies at a time")
    asked = options.parse_args()
    chosen = [guard for guard in GUARDS if asked.only in guard.name]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="desk-guards-") as scratch:
        houses = [_copy_of_the_house(Path(scratch) / str(n)) for n in range(asked.jobs)]
        named = sorted({test for guard in chosen for test in guard.tests})
        at_once = ["--numprocesses", str(asked.jobs), "--dist", "loadfile"]
        ended, said = _run(houses[0], [*at_once, *named], fresh=True)
        if ended != GREEN:
            print(f"With every guard in its place the tests are not green:\n{said}")
            return 1
        noticed = _noticed_in(houses, chosen)
    print(
        f"{len(chosen)} guards taken out one at a time: {sum(noticed)} noticed by a named test, "
        f"{len(chosen) - sum(noticed)} not. {time.monotonic() - started:.0f} s."
    )
    return not all(noticed)


def _copy_of_the_house(directory: Path) -> Path:
    return Path(
        shutil.copytree(ROOT, directory / "house", ignore=shutil.ignore_patterns(*LEFT_OUT))
    )


def _noticed_in(houses: Sequence[Path], guards: Sequence[Guard]) -> list[bool]:
    """Every guard out of one copy, as many at a time as there are copies."""
    free: Queue[Path] = Queue()
    for house in houses:
        free.put(house)

    def noticed(guard: Guard) -> bool:
        house = free.get()
        try:
            return _is_noticed(house, guard)
        finally:
            free.put(house)

    with ThreadPoolExecutor(len(houses)) as pool:
        return list(pool.map(noticed, guards))


def _is_noticed(house: Path, guard: Guard) -> bool:
    """A named test fails without the guard, and fails as a test: it did not just not run."""
    with _without(house, guard):
        ended, said = _run(house, list(guard.tests), fresh=not guard.path)
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
def _without(house: Path, guard: Guard) -> Iterator[None]:
    """The house without this guard; afterwards as it was."""
    if not guard.path:
        migrations = house / "orders/migrations"
        newest = max(path.stem for path in migrations.glob("[0-9]*.py"))
        dropping = migrations / "9999_without_a_guard.py"
        dropping.write_text(DROPPED.format(newest=newest, operation=guard.new))
        try:
            yield
        finally:
            dropping.unlink()
        return
    path = house / guard.path
    as_it_was = path.read_text()
    if as_it_was.count(guard.old) != 1:
        raise LookupError(f"{guard.name}: its line stands not once in {guard.path}")
    path.write_text(as_it_was.replace(guard.old, guard.new))
    try:
        yield
    finally:
        path.write_text(as_it_was)


def _run(house: Path, tests: list[str], *, fresh: bool) -> tuple[int, str]:
    """How pytest ended, and its last words. A fresh database is only made where tables differ."""
    data = house.parent / "data"
    data.mkdir(exist_ok=True)
    env = {name: os.environ[name] for name in os.environ if not name.startswith("PYTEST")}
    env |= {"PYTHONDONTWRITEBYTECODE": "1"}
    if not fresh:
        env |= {"DESK_DATA_DIR": str(data)}
    keep = ["--reuse-db"] if not fresh else ["--create-db"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *keep, *tests]
    ended = subprocess.run(command, cwd=house, env=env, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


if __name__ == "__main__":
    sys.exit(main())
