"""What people changed while the desk had Django's admin is still told by it, on both databases."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_services import postgres
from tests.test_moving_data import Database

pytestmark = pytest.mark.long

BEFORE = ("--settings", "tests.upgrade.with_admin")
CHANGE = (
    "from django.core.management import call_command as call;"
    "call('migrate', 'core', '0003', verbosity=0);"
    "call('migrate', 'admin', verbosity=0);"
    "from django.contrib.admin.models import LogEntry;"
    "from django.contrib.contenttypes.models import ContentType;"
    "from core.models import User;"
    "ada = User.objects.create(username='ada');"
    "LogEntry.objects.create(user=ada, content_type=ContentType.objects.get_for_model(User),"
    " object_id=str(ada.pk), object_repr='ada', action_flag=1, change_message='added as admin')"
)
TELL = (
    "from core.models import StaffChange, User;"
    "ada = User.objects.get();"
    "StaffChange.objects.write_down(ada, 'role viewer', by=ada);"
    "told = StaffChange.objects.about_row(ada);"
    "print([(one.name, one.words, one.actor.username) for one in told])"
)
GO_BACK = (
    "from django.core.management import call_command as call;"
    "call('migrate', 'core', '0003', verbosity=0);"
    "from django.contrib.admin.models import LogEntry;"
    "print(list(LogEntry.objects.order_by('pk').values_list('change_message', flat=True)))"
)
TOLD = "[('ada', 'role viewer', 'ada'), ('ada', 'added as admin', 'ada')]"


def do(database: Database, *words: str) -> str:
    done = database.manage(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().rpartition("\n")[2]


def upgraded(database: Database) -> Database:
    """Written to under the settings of before, with the tables of before. The other rooms have
    nothing to do with it."""
    do(database, "shell", "--no-imports", "-c", CHANGE, *BEFORE)
    do(database, "migrate", "core", "--verbosity=0")
    return database


@pytest.fixture
def on_postgresql() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="desk-") as scratch:
        Path(scratch).chmod(0o755)
        with postgres(Path(scratch)) as url:
            yield Database(url)


def test_on_postgresql_it_is_there_and_goes_on(on_postgresql: Database) -> None:
    upgraded(on_postgresql)
    assert do(on_postgresql, "shell", "--no-imports", "-c", TELL) == TOLD


def test_on_sqlite_it_is_there_and_moves_to_postgresql(
    tmp_path: Path, on_postgresql: Database
) -> None:
    """Whose migrations are not the same: a new desk has none of the admin."""
    old = upgraded(Database(f"sqlite:///{tmp_path / 'desk.sqlite3'}")).migrated()
    do(on_postgresql.migrated(), "copy_data", old.url)
    assert do(on_postgresql, "shell", "--no-imports", "-c", TELL) == TOLD
    assert do(old, "shell", "--no-imports", "-c", TELL) == TOLD
    kept = do(old, "shell", "--no-imports", "-c", GO_BACK, *BEFORE)
    assert kept == "['added as admin', 'role viewer']"
