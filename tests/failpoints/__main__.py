"""The failpoint matrix: `python -m tests.failpoints [--all] [--only WORD]`. Ends with 1 where a
cell is wrong, and tells of each table as soon as it is walked."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from tests import environment  # noqa: F401  # before Django reads its settings

Table = tuple[Sequence[Any], Callable[..., Iterator[Any]], Callable[..., str]]


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.failpoints", description=__doc__)
    options.add_argument("--all", action="store_true", help="every place before every provider")
    options.add_argument("--only", default="", help="the tables with this in their name")
    chosen = options.parse_args()
    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    from tests.closed_network import closed_network
    from tests.failpoints.cells import printed_cells
    from tests.failpoints.ground import ground

    tables = _tables(everything=chosen.all)
    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    started, is_wrong = time.monotonic(), False
    try:
        for name, (cells, walk, printed) in tables.items():
            if chosen.only not in name:
                continue
            # A table of its own: who compares a restored database asks every account there is.
            call_command("flush", interactive=False, verbosity=0)
            with closed_network(), ground(len(cells)) as here:
                results = list(walk(cells, here))
            told = partial(printed, of=name) if printed is printed_cells else printed
            print(told(results))
            print(f"{time.monotonic() - started:.0f} s on {connection.vendor}.", flush=True)
            is_wrong |= any(one.wrong for one in results)
    finally:
        connection.close()
        teardown_databases(made, verbosity=0)
    return is_wrong


def _tables(*, everything: bool) -> dict[str, Table]:
    """By their names: the cells of each, what walks them, and what prints how they ended."""
    from tests.failpoints import (
        clock_steps,
        lists,
        request_steps,
        requests,
        restored,
        second_sends,
        second_workers,
        table,
    )
    from tests.failpoints.cells import printed_cells

    all_of = {"everything": everything}
    return {
        "sends": (table.cells(**all_of), table.walk, table.printed),
        "requests": (requests.request_cells(), requests.walk_requests, printed_cells),
        "clock steps": (
            clock_steps.step_cells(**all_of),
            clock_steps.walk_steps,
            clock_steps.printed_steps,
        ),
        "clock steps of requests": (
            request_steps.request_step_cells(**all_of),
            request_steps.walk_request_steps,
            printed_cells,
        ),
        "lists": (lists.list_cells(), lists.walk_lists, printed_cells),
        "second sends": (
            second_sends.second_cells(**all_of),
            second_sends.walk_seconds,
            printed_cells,
        ),
        "second workers": (
            second_workers.second_worker_cells(),
            second_workers.walk_second_workers,
            printed_cells,
        ),
        "restores": (restored.restore_cells(**all_of), restored.walk_restores, printed_cells),
    }


if __name__ == "__main__":
    sys.exit(main())
