"""The failpoint matrix: `python -m tests.failpoints [--all]`. Ends with 1 where a cell is wrong."""

from __future__ import annotations

import argparse
import logging
import sys
import time

from tests import environment  # noqa: F401  # before Django reads its settings


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.failpoints", description=__doc__)
    options.add_argument("--all", action="store_true", help="every place before every provider")
    chosen = options.parse_args()
    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    from tests.closed_network import closed_network
    from tests.failpoints import clock_steps, lists, request_steps, requests, restored, table
    from tests.failpoints.cells import printed_cells
    from tests.failpoints.ground import ground

    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    started = time.monotonic()
    cells, asked = table.cells(everything=chosen.all), requests.request_cells()
    steps, listed = clock_steps.step_cells(everything=chosen.all), lists.list_cells()
    put_back = restored.restore_cells(everything=chosen.all)
    set_over = request_steps.request_step_cells(everything=chosen.all)
    accounts = sum(len(one) for one in (cells, asked, steps, set_over, listed, put_back))
    try:
        with closed_network(), ground(accounts) as here:
            results = list(table.walk(cells, here))
            answered = list(requests.walk_requests(asked, here))
            stepped = list(clock_steps.walk_steps(steps, here))
            stepped_over = list(request_steps.walk_request_steps(set_over, here))
            looked = list(lists.walk_lists(listed, here))
            recalled = list(restored.walk_restores(put_back, here))
    finally:
        connection.close()
        teardown_databases(made, verbosity=0)
    print(table.printed(results))
    print(printed_cells(answered, of="requests"))
    print(clock_steps.printed_steps(stepped))
    print(printed_cells(stepped_over, of="clock steps of requests"))
    print(printed_cells(looked, of="lists"))
    print(printed_cells(recalled, of="restores"))
    print(f"{time.monotonic() - started:.0f} s on {connection.vendor}.")
    found = (results, answered, stepped, stepped_over, looked, recalled)
    return any(one.wrong for several in found for one in several)


if __name__ == "__main__":
    sys.exit(main())
