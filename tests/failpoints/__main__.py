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
    from tests.failpoints import requests, table
    from tests.failpoints.ground import ground

    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    started = time.monotonic()
    cells, asked = table.cells(everything=chosen.all), requests.request_cells()
    try:
        with closed_network(), ground(len(cells) + len(asked)) as here:
            results = list(table.walk(cells, here))
            answered = list(requests.walk_requests(asked, here))
    finally:
        connection.close()
        teardown_databases(made, verbosity=0)
    print(table.printed(results))
    print(requests.printed_requests(answered))
    print(f"{time.monotonic() - started:.0f} s on {connection.vendor}.")
    wrong = [*(one.wrong for one in results), *(one.wrong for one in answered)]
    return any(wrong)


if __name__ == "__main__":
    sys.exit(main())
