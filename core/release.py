"""Is this code as new as the database it works on? After an upgrade a worker of before may still
run, which knows neither the new columns nor the rules that go with them."""

from __future__ import annotations

from functools import cache
from typing import Final

from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

OURS: Final = ("core", "providers", "orders", "dashboard")
OLDER_CODE: Final = (
    "The database is of a newer release than this worker, which sends nothing: stop it, and start"
    " the new one."
)


def newer_migrations() -> list[str]:
    """Migrations of ours that the database has and this code does not know."""
    applied = MigrationRecorder.Migration.objects.filter(app__in=OURS)
    named = set(applied.values_list("app", "name"))
    return sorted(f"{app}.{name}" for app, name in named - _known())


@cache
def _known() -> frozenset[tuple[str, str]]:
    """Read once, as the code is that runs. A squashed migration knows those it stands for."""
    on_disk = MigrationLoader(None).disk_migrations
    replaced = (one for migration in on_disk.values() for one in migration.replaces)
    return frozenset(on_disk) | frozenset((app, name) for app, name in replaced)
