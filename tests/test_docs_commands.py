"""What docs/production.md says to type works: all of it that needs no Docker is run."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from dashboard.supervisor.secrets_file import MAKERS
from orders.bulk.bulk_action import SENDS
from tests.docs_commands import commands, compose_commands, manage_commands
from tests.running_services import postgres

ROOT = Path(settings.BASE_DIR)
PAPER = (ROOT / "docs/production.md").read_text()
DOCKER = f"""#!/bin/sh
echo "$@" >> docker.log
case "$*" in
  *"python manage.py new_secrets"*) shift 5; exec {sys.executable} {ROOT}/manage.py "$@" ;;
esac
"""


@pytest.fixture
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="docs-") as place:
        Path(place).chmod(0o755)
        yield Path(place)


def environment_in(data_dir: Path, **more: str) -> dict[str, str]:
    outside = {name: value for name, value in os.environ.items() if name not in MAKERS}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    secrets = {name: make() for name, make in MAKERS.items()}
    return {**outside, **secrets, "PATH": programs, "DESK_DATA_DIR": str(data_dir), **more}


def run(command: str, place: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-ec", command],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_first_script_makes_the_secrets_before_compose_asks_and_only_once(
    scratch: Path,
) -> None:
    (scratch / "bin").mkdir()
    docker = scratch / "bin" / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    first = commands()[: commands().index("docker compose ps --all") + 1]
    outside = {name: value for name, value in os.environ.items() if name not in MAKERS}
    outside |= {"PATH": f"{docker.parent}{os.pathsep}{os.environ['PATH']}"}
    run("\n".join(first), scratch, outside)
    kept = (scratch / ".env").read_text()
    names = [line.partition("=")[0] for line in kept.splitlines()]
    assert names == [*MAKERS, "POSTGRES_PASSWORD", "BROKER_PASSWORD", "DESK_ADMIN_PASSWORD"]
    assert stat.S_IMODE((scratch / ".env").stat().st_mode) == 0o600
    said = (scratch / "docker.log").read_text().splitlines()
    assert said[0] == "build --tag reseller-desk ." and said[2].startswith("compose up")
    run("\n".join(first), scratch, outside)
    assert (scratch / ".env").read_text() == kept


def test_every_manage_command_of_the_docs_exists_with_its_options() -> None:
    known, told = get_commands(), manage_commands()
    own = {"copy_data", "migrate", "new_secrets", "prepare", "quarantine", "rotate_keys"}
    assert own <= {name for name, *_ in told}, "a command that the docs tell of is not looked at"
    for name, *words in told:
        app = known[name]
        command = load_command_class(app, name) if isinstance(app, str) else app
        command.create_parser("manage.py", name).parse_args(words)


def test_the_commands_of_the_docs_move_a_desk_from_embedded_to_distributed(scratch: Path) -> None:
    old = environment_in(scratch / "data", DESK_ADMIN_PASSWORD="a-first-pass-phrase")
    (scratch / "data").mkdir()
    link = scratch / ".venv"
    link.symlink_to(Path(sys.executable).parent.parent)
    run(f"cd {ROOT} && python manage.py prepare", scratch, old)
    [backup] = [line for line in commands() if ").backup(" in line]
    run(backup, scratch, old)
    copied = sqlite3.connect(scratch / "desk-backup.sqlite3")
    assert copied.execute("select username from core_user").fetchall() == [("admin",)]
    with postgres(scratch) as url:
        secrets = {name: old[name] for name in MAKERS}
        new = environment_in(scratch / "new", DATABASE_URL=url, **secrets)
        moving = [line for line in commands() if line.startswith("python manage.py")]
        assert [line.split()[2] for line in moving] == ["rotate_keys", "migrate", "copy_data"]
        for line in moving[1:]:
            line = line.replace("/path/to/data", str(scratch / "data"))
            said = run(f"cd {ROOT} && {line}", scratch, new)
        assert "Nothing is sent until they are accepted" in said
        for name in ("rotate_keys", "quarantine"):
            run(f"cd {ROOT} && python manage.py {name}", scratch, new)


def test_the_checks_of_the_docs_pass_for_a_desk_on_the_internet(scratch: Path) -> None:
    set_up = environment_in(scratch, DESK_HTTPS="true", ALLOWED_HOSTS="desk.example")
    lines = {line for line in commands() if "manage.py check" in line}
    assert len(lines) == 1
    for line in lines:
        run(f"cd {ROOT} && {line.replace('.venv/bin/', '')}", scratch, set_up)


def test_a_restore_stops_the_workers_first_and_quarantines_before_they_start() -> None:
    said = [" ".join(words) for words in compose_commands()]
    restored = next(n for n, words in enumerate(said) if "pg_restore" in words)
    stopped, dropped, created = said[restored - 3 : restored]
    renamed, migrated, quarantined, started = said[restored + 1 : restored + 5]
    assert stopped == "stop web worker-dispatch worker-follow beat"
    assert dropped.endswith("--if-exists desk_new") and created.endswith(" desk_new")
    assert "--dbname desk_new" in said[restored] and "psql" in renamed
    assert migrated == "run --rm migrate" and quarantined.endswith("manage.py quarantine")
    assert started == "up --detach"
    [whole] = [line for line in commands() if "database pg_restore" in line]
    assert whole.startswith("docker compose stop") and whole.endswith(
        "&& docker compose up --detach"
    )


def test_the_steps_of_a_restore_name_each_action_for_many_that_stops() -> None:
    [told] = re.findall(r"Mass orders,\s+and ([^;]+) for many that were under way stop", PAPER)
    assert set(re.findall(r"\*([^*]+)\*", told)) == {kind.label for kind in SENDS}
