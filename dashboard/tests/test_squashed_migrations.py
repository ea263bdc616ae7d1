"""Squashed migrations make what the files they stand for make; an old database knows of them."""

from __future__ import annotations

from functools import cache

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ModelState

from dashboard import bootstrap

SQUASHED = (
    ("orders", "0001_squashed_0028_held_by_staff"),
    ("providers", "0001_squashed_0016_finding_levels"),
)


@cache
def one_after_the_other() -> MigrationLoader:
    return MigrationLoader(None, replace_migrations=False)


def tables(loader: MigrationLoader, app: str, name: str) -> dict[str, object]:
    """Each model with what its table is made of; the order of columns says nothing."""
    return {
        model.name: facts(model)
        for (of, _), model in loader.project_state((app, name)).models.items()
        if of == app
    }


def facts(model: ModelState) -> object:
    fields = {name: field.deconstruct()[1:] for name, field in model.fields.items()}
    named = {key: model.options.pop(key, []) for key in ("indexes", "constraints")}
    parts = {one.name: one.deconstruct() for several in named.values() for one in several}
    return fields, parts, model.options, model.bases, [name for name, _ in model.managers]


@pytest.mark.parametrize(("app", "name"), SQUASHED)
def test_all_at_once_makes_the_tables_that_one_after_the_other_made(app: str, name: str) -> None:
    apart = one_after_the_other()
    replaced = apart.disk_migrations[app, name].replaces
    assert tables(apart, app, name) == tables(apart, *replaced[-1])


@pytest.mark.parametrize(("app", "name"), SQUASHED)
def test_none_of_the_files_up_to_the_last_is_left_out(app: str, name: str) -> None:
    disk = MigrationLoader(None).disk_migrations
    replaced = disk[app, name].replaces
    ours = sorted(one for of, one in disk if of == app and one <= replaced[-1][1])
    assert replaced == [(app, one) for one in ours if one != name]


@pytest.mark.services
@pytest.mark.django_db
@pytest.mark.parametrize(
    "at", ["0022_halts_and_poll_schedules", "0028_held_by_staff", "0054_orders_of_batch"]
)
def test_a_database_that_lacks_some_of_the_files_goes_through_each_of_them(at: str) -> None:
    """Its rows want what they do to rows. So it is where an earlier release has noted the squashed
    file as applied, which stood for fewer files then."""
    [(app, name), _] = SQUASHED
    replaced = MigrationLoader(None).disk_migrations[app, name].replaces
    lacking = replaced[replaced.index((app, at)) + 1 :]
    noted = MigrationRecorder.Migration.objects.filter(app=app)
    noted.filter(name__gt=at).delete()
    assert noted.filter(name=name).exists()
    executor = MigrationExecutor(connection)
    executor.loader.check_consistent_history(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(app))
    steps = [(step.app_label, step.name) for step, _ in plan]
    assert lacking and steps[: len(lacking)] == lacking and (app, name) not in steps


@pytest.mark.services
@pytest.mark.django_db
def test_a_database_that_went_file_by_file_counts_as_one_made_at_once() -> None:
    """Or data could not be moved between the two: what is noted there is compared."""
    noted = MigrationRecorder.Migration.objects
    before = set(noted.values_list("app", "name"))
    noted.filter(name__in=[name for _, name in SQUASHED]).delete()
    said: list[str] = []
    bootstrap.migrate(said.append)
    assert set(noted.values_list("app", "name")) == before >= set(SQUASHED)
    assert "applied" not in said[0]
