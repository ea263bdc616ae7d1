from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from core.roles import Role
from providers import tasks
from providers.connect import shared_transport
from providers.models import Provider
from sandbox import DEMO_KEY, Sandbox
from tests.builders import make_provider


@pytest.fixture
def box(settings: Settings) -> Iterator[Sandbox]:
    """A provider that stands still until told otherwise; the desk may call it."""
    with Sandbox(services=60, speed=0) as box:
        settings.SANDBOX_URL = box.url
        shared_transport.cache_clear()
        yield box
    shared_transport.cache_clear()


@pytest.fixture
def account(db: None, box: Sandbox) -> Provider:
    """Our account at the sandbox, with calls enough for any test."""
    return make_provider(
        name="Northwind", url=box.url, key=DEMO_KEY, calls_per_minute=60_000, currency="USD"
    )


Bells = list[tuple[str, dict[str, int]]]
LogIn = Callable[[Role | None], Client]


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> Bells:
    """The bells the pages rang; the work itself is left to the test."""
    bells: Bells = []
    monkeypatch.setattr(tasks, "ring", lambda bell, **ids: bells.append((bell.name, ids)))
    return bells


@pytest.fixture
def admin(client_for_role: LogIn) -> Client:
    return client_for_role(Role.ADMIN)


@pytest.fixture
def manager(client_for_role: LogIn) -> Client:
    return client_for_role(Role.MANAGER)
