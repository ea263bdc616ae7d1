"""`.env.example` and the README name every variable the desk reads, and no other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
READ = re.compile(r"""(?:\benv\.\w+|environ\.get)\(\s*"([A-Z][A-Z0-9_]+)"|environ\["([A-Z_]+)"\]""")
ASKED_BY_COMPOSE = re.compile(r"\$\{([A-Z_]+)")
BETWEEN_OUR_PROCESSES = {
    "DESK_SANDBOX_KEY",
    "SANDBOX_KEYS",
    "SANDBOX_CONTROL_TOKEN",
    "DJANGO_SETTINGS_MODULE",
    "DESK_PULSE_FILE",
    "CONTENT_TYPE",  # of a request, in dashboard/wsgi.py
}
DEPRECATED = {"DESK_FOLLOW_LANES"}  # read on, named only beside what to write today


def read_by_the_desk() -> set[str]:
    found = set(ASKED_BY_COMPOSE.findall((ROOT / "docker-compose.yml").read_text()))
    for package in ("core", "providers", "orders", "dashboard", "sandbox"):
        for path in (ROOT / package).rglob("*.py"):
            if "tests" not in path.parts:
                found |= {one or other for one, other in READ.findall(path.read_text())}
    return found - BETWEEN_OUR_PROCESSES - DEPRECATED


def named_in_example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_example_names_exactly_what_is_read() -> None:
    assert set(named_in_example()) == read_by_the_desk()


def test_the_readme_names_exactly_what_the_example_does() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.M)
    assert rows == list(named_in_example())


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "POSTGRES_PASSWORD"])
def test_the_example_holds_no_secret_that_somebody_could_keep(name: str) -> None:
    assert named_in_example()[name] == ""


@pytest.mark.parametrize(
    ("given", "leases"),
    [
        ({}, "16"),
        ({"DESK_POLL_LEASES": "3"}, "3"),
        ({"DESK_FOLLOW_LANES": "5", "DESK_POLL_LEASES": ""}, "5"),  # as compose hands them on
        ({"DESK_FOLLOW_LANES": "5", "DESK_POLL_LEASES": "3"}, "3"),
    ],
)
def test_the_deprecated_name_of_a_setting_is_read_on(
    given: dict[str, str], leases: str, tmp_path: Path
) -> None:
    assert said_by_settings("POLL_LEASES", given, tmp_path) == leases


def said_by_settings(shown: str, given: dict[str, str], data_dir: Path) -> str:
    ours = {*named_in_example(), *DEPRECATED}
    others = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        [sys.executable, "-c", f"from dashboard.settings import *; print({shown})"],
        cwd=ROOT,
        env={**others, **given, "DESK_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_a_copied_example_changes_nothing(tmp_path: Path) -> None:
    """Left empty means not given: SQLite, and the secrets of the data directory."""
    (tmp_path / "secrets.env").write_text(f"SECRET_KEY={'s' * 50}\n")
    said = said_by_settings("SECRET_KEY, DATABASES", named_in_example(), tmp_path)
    assert said.startswith("s" * 50)
    assert str(tmp_path / "desk.sqlite3") in said
