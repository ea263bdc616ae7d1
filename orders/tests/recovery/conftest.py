"""A sandbox that most of these tests buy at, and an account there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox

from .bench import Bench, running_box


@pytest.fixture
def box(settings: Any) -> Iterator[Sandbox]:
    with running_box(settings) as box:
        yield box


@pytest.fixture
def bench(box: Sandbox) -> Bench:
    """Its orders have been followed: what they were charged is known."""
    bench = Bench(box).calibrated()
    bench.follow()
    return bench
