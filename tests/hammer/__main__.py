"""Race answers against the reaper: `python -m tests.hammer [--orders N]`. Ends with 1 where an
order was left broken."""

from __future__ import annotations

import argparse
import logging
import sys
import time

from tests import environment  # noqa: F401  # before Django reads its settings

MOST_SHOWN = 40


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.hammer", description=__doc__)
    options.add_argument("--orders", type=int, default=2000)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    from tests.hammer.race import hammer

    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    started = time.monotonic()
    try:
        tally = hammer(chosen.orders, seed=chosen.seed)
    finally:
        connection.close()
        teardown_databases(made, verbosity=0)
    for order, wrong in list(tally.broken.items())[:MOST_SHOWN]:
        print(f"order {order}: {'; '.join(wrong)}")
    print(
        f"{tally.orders} orders, {tally.raced} reaped before it, {len(tally.broken)} broken,"
        f" {tally.out_of_step} out of step;"
        f" {time.monotonic() - started:.0f} s on {connection.vendor}."
    )
    return bool(tally.broken or tally.out_of_step)


if __name__ == "__main__":
    sys.exit(main())
