"""One migrated database a session, of which every worker of pytest-xdist gets a copy.

Migrating takes longer than most files of tests. On SQLite the migrated file is kept for the next
session as well, under a name that changes with everything a migrated database comes from.

`python -m tests.cloned_database` makes it ahead of a session with the same DESK_DATA_DIR, while
something else is still under way.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from importlib import import_module
from pathlib import Path

import django
from django.conf import settings
from django.db import connection

MADE_FROM = ("*/migrations/*.py", "*/models.py", "*/models/*.py", "*/apps.py", "core/*.py")
KEPT_IN = ".pytest_cache/migrated"
KEPT = 3  # migrated files: a branch or two beside this one


@contextmanager
def cloned_database(worker: str, cache: Path) -> Iterator[None]:
    """A migrated database for this worker alone, gone at the end."""
    creation, before = connection.creation, connection.settings_dict["NAME"]
    with _alone():
        connection.settings_dict["NAME"] = _migrated(cache)
        creation.clone_test_db(worker, verbosity=0, autoclobber=True)
    mine = creation.get_test_db_clone_settings(worker)["NAME"]
    _use(mine)
    try:
        yield
    finally:
        creation.destroy_test_db(before, verbosity=0)


def key_of(root: Path) -> str:
    """Another one for another database: its migrations, models and whatever Django adds."""
    seen = blake2b(django.__version__.encode(), digest_size=8)
    for pattern in MADE_FROM:
        for file in sorted(root.glob(pattern)):
            seen.update(str(file.relative_to(root)).encode() + file.read_bytes())
    return seen.hexdigest()


def _use(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


@contextmanager
def _alone() -> Iterator[None]:
    """One worker after the other: the first of them migrates."""
    with (_session() / "migrating.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _session() -> Path:
    """What the workers of this session share: they inherit its environment."""
    directory = Path(os.environ["DESK_DATA_DIR"])
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _migrated(cache: Path) -> str:
    """The name of this session's migrated database, made by whoever comes first."""
    done = _session() / f"migrated-{connection.vendor}"
    if not done.exists():
        done.write_text(_kept(cache) if connection.vendor == "sqlite" else _migrate())
    return done.read_text()


def _migrate() -> str:
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()
    return str(name)


def _kept(cache: Path) -> str:
    """A file of this session, copied from that of an earlier one with the same tables."""
    name = Path(connection.settings_dict["TEST"]["NAME"])
    kept = cache / f"{key_of(Path(settings.BASE_DIR))}.sqlite3"
    if kept.exists():
        shutil.copyfile(kept, name)
        return str(name)
    _migrate()
    part = kept.with_suffix(f".{os.getpid()}")
    shutil.copyfile(name, part)
    part.rename(kept)
    for old in sorted(cache.glob("*.sqlite3"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)
    return str(name)


def main() -> None:
    """As the first worker of a session would."""
    import_module("tests.environment")  # before the settings are read
    django.setup()
    cache = Path(settings.BASE_DIR) / KEPT_IN
    cache.mkdir(parents=True, exist_ok=True)
    with _alone():
        _migrated(cache)


if __name__ == "__main__":
    main()
