"""A short walk of the state machine, the same each time; a long one: `python -m tests.machine`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from .rules import DeskMachine

pytestmark = [pytest.mark.django_db, pytest.mark.services]
SHORT = settings(
    max_examples=8,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_every_promise_holds_whatever_happens_and_in_whatever_order():
    ended: list[DeskMachine] = []

    class Counted(DeskMachine):
        def teardown(self) -> None:
            super().teardown()  # raises where a promise did not hold
            ended.append(self)

    run_state_machine_as_test(Counted, settings=SHORT)
    assert len(ended) >= SHORT.max_examples, "each walk came to its end"
