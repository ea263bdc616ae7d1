"""The person most pages are drawn for; a sandbox without surprises, and the account there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from core.roles import Role
from providers.connect import shared_transport
from providers.models import Provider
from sandbox import Sandbox
from tests.builders import make_provider


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    """An operator who has logged in."""
    return client_for_role(Role.OPERATOR)


@pytest.fixture
def box(settings: Any) -> Iterator[Sandbox]:
    with Sandbox(seed=7, services=120, speed=0, partial=0, canceled=0) as running:
        settings.SANDBOX_URL = running.url
        shared_transport.cache_clear()
        yield running
    shared_transport.cache_clear()


@pytest.fixture
def account(db: None, box: Sandbox) -> Provider:
    return make_provider(url=box.url, key=box.key, add_spacing_ms=0, calls_per_minute=60_000)
