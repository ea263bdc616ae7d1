"""A desk of its own for a benchmark: fresh SQLite database, fresh keys, nobody else's data."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from cryptography.fernet import Fernet


def fresh_desk() -> str:
    """Set Django up on an empty, migrated database; the data directory, removed at exit.

    Must be called before anything of the desk is imported.
    """
    data_dir = tempfile.mkdtemp(prefix="desk-bench-")
    atexit.register(shutil.rmtree, data_dir, ignore_errors=True)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="dashboard.settings",
        DESK_DATA_DIR=data_dir,
        DATABASE_URL="",
        SECRET_KEY="only-for-benchmarks-" + "0123456789" * 4,
        FIELD_ENCRYPTION_KEYS=Fernet.generate_key().decode(),
        DESK_LOG_LEVEL="ERROR",
    )
    del os.environ["DATABASE_URL"]
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return data_dir
