"""A sandbox whose clock stands still and whose orders all complete, one for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import Sandbox


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(seed=1, services=40, speed=0, partial=0, canceled=0) as box:
        yield box


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """One sandbox for many small cases; each resets what it changes."""
    with Sandbox(seed=1, services=40, speed=0, partial=0, canceled=0) as box:
        yield box
