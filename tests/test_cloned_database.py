"""What a migrated database is kept under, and that each worker has one of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from tests.cloned_database import key_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (
        "orders/migrations/0001_initial.py",
        "orders/models/order.py",
        "orders/pages/related_figures.py",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("rows = 1\n")
    return tmp_path


@pytest.mark.parametrize("name", ["orders/migrations/0001_initial.py", "orders/models/order.py"])
def test_another_table_is_another_database(project: Path, name: str) -> None:
    before = key_of(project)
    (project / name).write_text("rows = 2\n")
    assert key_of(project) != before


def test_a_migration_that_came_or_went_is_another_database(project: Path) -> None:
    before = key_of(project)
    (project / "orders/migrations/0002_more.py").write_text("")
    assert key_of(project) != before


def test_other_code_is_the_same_database(project: Path) -> None:
    before = key_of(project)
    (project / "orders/pages/related_figures.py").write_text("rows = 2\n")
    assert key_of(project) == before


@pytest.mark.django_db
@pytest.mark.services
def test_a_worker_has_a_copy_of_its_own(worker_id: str) -> None:
    name = "alone" if worker_id == "master" else worker_id
    assert Path(connection.settings_dict["NAME"]).stem.endswith(f"_{name}")
