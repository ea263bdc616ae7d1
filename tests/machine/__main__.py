"""The state machine, at length: `python -m tests.machine [--examples 5000] [--seed 1]`.

Ends with 1 and the shortest way to break a promise where one is found.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from typing import Any

from tests import environment  # noqa: F401  # before Django reads its settings


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.machine", description=__doc__)
    options.add_argument("--examples", type=int, default=5000)
    options.add_argument("--steps", type=int, default=30, help="rules in one example, at most")
    options.add_argument("--seed", type=int, help="walk the same way again")
    chosen = options.parse_args()
    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    started = time.monotonic()
    try:
        seen = walk(chosen.examples, chosen.steps, chosen.seed)
    finally:
        teardown_databases(made, verbosity=0)
    for name, count in sorted(seen.items()):
        print(f"{count:>8} {name}")
    print(f"{chosen.examples} examples, {time.monotonic() - started:.0f} s: every promise held.")
    return 0


def walk(examples: int, steps: int, seed: int | None) -> Counter[str]:
    """How often orders ended in each status. Raises where a promise was broken."""
    import hypothesis
    from hypothesis import HealthCheck, settings
    from hypothesis.stateful import run_state_machine_as_test

    from orders.models import Attempt, Order
    from tests.machine.rules import DeskMachine

    ends: Counter[str] = Counter()

    class Counted(DeskMachine):
        def teardown(self) -> None:
            ends.update(f"orders {s}" for s in Order.objects.values_list("status", flat=True))
            ways = Attempt.objects.exclude(resolution="").values_list("resolution", flat=True)
            ends.update(f"lost answers replaced by: {way}" for way in ways)
            ends.update(self.desk.seen)
            ends["refills at the provider"] += self.desk.upstream.refilled.total()
            ends["cancels at the provider"] += self.desk.upstream.canceled.total()
            ends["orders at the provider"] += len(self.desk.upstream.ledger)
            super().teardown()

    machine: Any = Counted if seed is None else hypothesis.seed(seed)(Counted)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return ends


if __name__ == "__main__":
    sys.exit(main())
