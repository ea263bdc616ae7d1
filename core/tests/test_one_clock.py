"""One clock for all processes: the database's. One whose machine is set back by an hour decides no
lease, window or journal otherwise than the others, for it never asks its own."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
ROOMS = ("core", "providers", "orders", "dashboard")
OWN_CLOCK = re.compile(
    r"\btime\.time(_ns)?\(|\btimezone\.now\(|\b(datetime|date)\.(now|utcnow|today)\("
)
MAY_ASK = {
    "core/clocks.py": "SQLite, which has no clock of its own",
    "dashboard/session_age.py": "sessions, which Django ends by this clock",
    "dashboard/people/changing.py": "sessions, which Django ends by this clock",
    "dashboard/supervisor/child.py": "a file of the same machine, whichever way it is off",
    "providers/panel_api/client.py": "what Retry-After says: a wait, and no proof of anything",
}


def test_who_asks_the_clock_of_its_own_machine() -> None:
    asks = {
        path.relative_to(PROJECT).as_posix()
        for room in ROOMS
        for path in (PROJECT / room).rglob("*.py")
        if not {"tests", "migrations"} & set(path.parts) and OWN_CLOCK.search(path.read_text())
    }
    assert asks == MAY_ASK.keys()
