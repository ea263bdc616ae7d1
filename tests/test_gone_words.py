"""Words that the glossary calls gone stay gone, in code, pages, papers and tests."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
GLOSSARY = "docs/glossary.md"
READ = {".py", ".html", ".md", ".js", ".css", ".toml", ".sh", ".yml", ".txt"}
NOT_OURS = {
    "results",
    "migrations",
    "vendor",
    "node_modules",
    "compose_schema",
    "__pycache__",
    "staticfiles",
    "locale",
}
FEWEST_WORDS = 15

# What must go on being understood keeps its word.
STAYS = {
    ("kin", "orders/lists/filters.py"): "the name stands in addresses that people keep",
    ("kin", "orders/tests/pages/test_list_pages.py"): "opens such addresses",
    ("kin", "templates/orders/pages/_order_filter.html"): "draws the field of that name",
    ("kin", "templates/dashboard/overview.html"): "links to such addresses",
    ("kin", "dashboard/tests/test_overview.py"): "follows those links",
    ("kin", "orders/tests/pages/test_ended_filter.py"): "opens such addresses",
    ("lanes", "README.md"): "names the deprecated setting",
    ("lanes", "dashboard/settings.py"): "reads the deprecated setting",
    ("lanes", "docker-compose.yml"): "hands the deprecated setting on",
    ("lanes", "tests/test_settings_are_listed.py"): "sets it",
    ("taught", "orders/status.py"): "the stored value",
    ("taught", "tests/chaos/checker.py"): "reads rows with plain SQL",
    ("playground", "dashboard/supervisor/sandbox_process.py"): "the name of a file on disk",
    ("playground", "dashboard/tests/test_supervisor.py"): "writes such a file",
    ("verdict", "providers/tests/test_connection_check.py"): "upgrades such a report",
    ("adopted", "orders/sending/writes/journal_file.py"): "the word in the files on disk",
    ("wish", "orders/sending/writes/sent_lines.py"): "the word in the files on disk",
    ("wish", "orders/tests/restores/test_earlier_journals.py"): "writes such files",
    ("wish", "orders/tests/sending/test_file_formats.py"): "writes such files",
    ("wish", "tests/guards/rows/recording.py"): "quotes the line that reads them",
    ("submission", "core/forms.py"): "what pages of an earlier release send",
    ("submission", "core/tests/test_forms.py"): "sends it",
    ("submission", "core/tests/test_constraints.py"): "the column",
    ("bracketed_at", "orders/models/attempt.py"): "the column",
    ("repeats_are_safe", "orders/models/recovery.py"): "the column",
    ("repeats_promised_for", "orders/models/recovery.py"): "the column",
    ("submission", "orders/models/order.py"): "the column",
    ("submission", "orders/models/batch.py"): "the column",
    ("submission", "orders/models/job.py"): "the column",
    ("submission", "orders/placing/place_orders.py"): "the column",
    ("submission", "orders/bulk/bulk_action.py"): "the column",
    ("submission", "benchmarks/export.py"): "the column",
    ("submission", "tests/guards/rows/indexes.py"): "the column",
    ("submission", "orders/tests/sending/test_large_desk.py"): "the column",
    ("examine", "providers/tasks.py"): "a task that a worker of an earlier release may ring",
    ("examine", "providers/tests/test_account_pages.py"): "rings that task",
    ("examine", "providers/tests/test_tasks.py"): "rings that task",
}


def gone_words() -> list[str]:
    section = (ROOT / GLOSSARY).read_text(encoding="utf-8").split("## Words that are gone", 1)[1]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")]
    return [word.strip() for row in rows[2:] for word in row.split(",")]


def files() -> Iterator[tuple[str, str]]:
    """What is the project's, by its path from the root."""
    for folder, inside, names in os.walk(ROOT):
        inside[:] = [name for name in inside if name[0] not in "._" and name not in NOT_OURS]
        for path in (Path(folder) / name for name in names):
            place = path.relative_to(ROOT).as_posix()
            if path.suffix in READ and place not in {GLOSSARY, "CHANGELOG.md"}:
                yield place, path.read_text(encoding="utf-8")


def test_no_file_says_a_word_that_is_gone() -> None:
    words = gone_words()
    assert len(words) >= FEWEST_WORDS
    either = "|".join(re.escape(word) for word in words)
    gone = re.compile(rf"(?<![a-z])({either})(?![a-z])", re.IGNORECASE)
    said = {(word.lower(), place) for place, text in files() for word in gone.findall(text)}
    said -= {(word, "tests/test_gone_words.py") for word in words}
    assert said - STAYS.keys() == set()
    assert STAYS.keys() - said == set(), "no exception outlives its reason"
