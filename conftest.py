"""What every test of the project stands on."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from hypothesis import settings as examples
from pytest_django import DjangoDbBlocker, Settings

from core import clocks, doorbell, redaction
from core.roles import Role
from core.rows.durable import DATABASE_AWAY
from dashboard.health import watchdog
from orders.sending.writes import send_clock
from tests import big_desk, query_plans
from tests.builders import log_in, make_user
from tests.cloned_database import KEPT_IN, cloned_database
from tests.closed_network import closed_network
from tests.way_back import instead_of_flush

# A machine that does other things beside is slow for a moment, and that is no fault.
examples.register_profile("any machine", deadline=None)
examples.load_profile("any machine")


@pytest.fixture(autouse=True, scope="session")
def network_is_closed() -> Iterator[None]:
    with closed_network():
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """In place of pytest-django's, which migrates in every worker."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    kept = request.config.rootpath / KEPT_IN
    kept.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            stack.enter_context(cloned_database(worker, kept))
            stack.enter_context(instead_of_flush())
        yield
        with django_db_blocker.unblock():
            stack.close()


@pytest.fixture(autouse=True, scope="session")
def same_for_every_test(django_test_environment: None) -> Iterator[None]:
    """Passwords are hashed cheaply. Templates name static files as they are, without collectstatic
    and its manifest, and no test client reads all of them first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        WHITENOISE_AUTOREFRESH=True,
        STORAGES={**django_settings.STORAGES, "staticfiles": plain},
    ):
        yield


@pytest.fixture(autouse=True)
def disk_of_its_own(settings: Settings) -> None:
    """What one test has sent is not what the database of the next one should know."""
    settings.DATA_DIR = Path(settings.DATA_DIR) / f"of-test-{uuid.uuid4().hex}"


@pytest.fixture(autouse=True)
def secrets_of_this_test_alone() -> None:
    """A key that another test has used would be taken out of this one's texts and amounts."""
    redaction._live.clear()


@pytest.fixture(autouse=True)
def our_own_clock_keeps_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tests hand in a clock that stands. On a busy machine our own runs on beside it, and a
    send would be told that one of them was set. Tests of what the two say set `send_clock.time`."""
    counted = send_clock.SendClock.elapsed

    def elapsed(of: send_clock.SendClock) -> float:
        if vars(send_clock)["time"] is not time or of.clock is clocks.database_now:
            return counted(of)
        try:
            return (of.clock() - of.claimed_at).total_seconds()
        except DATABASE_AWAY:
            return counted(of)

    monkeypatch.setattr(send_clock.SendClock, "elapsed", elapsed)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """The next test gives the same numbers to other rows."""
    cache.clear()


@pytest.fixture
def watchdog_has_looked() -> Iterator[None]:
    """For tests that count the queries of a page: it looks once in seconds, and not between."""
    cache.set(watchdog.CACHE_KEY, [], 3600)
    yield
    cache.delete(watchdog.CACHE_KEY)


@pytest.fixture(autouse=True)
def doorbell_rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, int]]]:
    """The bells of this test, name and ids; they leave for no broker."""
    bells: list[tuple[str, dict[str, int]]] = []
    monkeypatch.setattr(doorbell, "ring", lambda name, **ids: bells.append((name, ids)))
    return bells


@pytest.fixture
def client_for_role(db: None) -> Callable[[Role | None], Client]:
    """A browser in which somebody with this role (None: no role) has logged in."""

    def logged_in(role: Role | None) -> Client:
        browser = Client()
        log_in(browser, make_user(role))
        return browser

    return logged_in


@pytest.fixture(autouse=True)
def plans_of_this_test_alone(request: pytest.FixtureRequest) -> None:
    """PostgreSQL weighs a plan by the pages of a table, and those of rows that an earlier test has
    taken back stay. Where plans are read, the tables begin as in a new database."""
    if not {"plans_of", "scans_of"}.isdisjoint(vars(request.module)):
        request.getfixturevalue("db")
        query_plans.empty_large_tables()


@pytest.fixture(params=["unknown", "analyzed"])
def many_orders(request: pytest.FixtureRequest, db: None) -> None:
    """While the database knows nothing of its rows, and once it does."""
    if request.param == "unknown" and connection.vendor == "postgresql":
        pytest.skip("its autovacuum lets it know")
    big_desk.fill()
    if request.param == "analyzed":
        big_desk.analyze()
