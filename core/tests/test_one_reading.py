"""Each person reads numbers and times in their own way; days and what is written down are the same
for everybody. Both are asked for in one place each, or are named here with the reason."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
OURS = ("core", "dashboard", "orders", "providers")
FIXED = re.compile(r":,[}.]|floatformat|intcomma")
LOCAL = re.compile(
    r"timezone\.(?:local\w+|make_aware|get_current_timezone\b(?!_name))|\blocaltime\(|\blocaldate\("
)

STAY_AS_THE_DESK_WRITES = {
    "core/regional/numbers.py": "the one place",
    "orders/mass/check_lines.py": "kept with the line, for everybody",
    "orders/polling/recheck_ended.py": "kept in the history of the order",
    "orders/polling/child_orders.py": "kept in the history of the order",
    "orders/polling/plausibility.py": "kept in the history of the order",
    "orders/recovery/search/find_lost.py": "kept in the history of the order",
    "orders/recovery/support_report.py": "a file for the provider",
}
SHOWN_TO_A_PERSON = {
    "core/templatetags/desk.py": "the time of a page",
    "orders/recovery/not_placed.py": "told to who pressed",
    "orders/repeats.py": "told to who orders, with the zone it is in",
}


def _files_with(pattern: re.Pattern[str]) -> set[str]:
    files = [path for app in OURS for path in (ROOT / app).rglob("*.py")]
    ours = [path for path in files if not {"tests", "migrations"} & set(path.parts)]
    templates = list((ROOT / "templates").rglob("*.html"))
    return {
        str(path.relative_to(ROOT))
        for path in (*ours, *templates)
        if pattern.search(path.read_text(encoding="utf-8"))
    }


def test_a_number_that_is_shown_is_written_as_its_reader_reads_it() -> None:
    assert _files_with(FIXED) == set(STAY_AS_THE_DESK_WRITES)


def test_a_day_does_not_follow_whoever_happens_to_ask() -> None:
    assert _files_with(LOCAL) == set(SHOWN_TO_A_PERSON)
