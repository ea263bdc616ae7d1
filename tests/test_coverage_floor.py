"""What `make coverage` lets pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.coverage_floor import ELSEWHERE, MONEY, main

ROOT = Path(__file__).resolve().parents[1]
EXCUSED, FUNCTION = next(iter(ELSEWHERE))


def file(*missing: int, **functions: list[int]) -> dict[str, Any]:
    found = {name: {"missing_lines": lines} for name, lines in functions.items()}
    return {"missing_lines": list(missing), "functions": found}


RIGHT = {EXCUSED: file(7, 8, **{FUNCTION: [7, 8]})}


@pytest.mark.parametrize(
    ("files", "percent", "words"),
    [
        (RIGHT, 90.0, ""),
        (RIGHT | {"dashboard/views.py": file(3)}, 90.0, ""),
        (RIGHT, 89.9, "89.9 %"),
        (RIGHT | {"core/money.py": file(3)}, 99.0, "No test enters core/money.py:3"),
        ({EXCUSED: file(7, 8, **{FUNCTION: [7]})}, 99.0, f"No test enters {EXCUSED}:8"),
        ({EXCUSED: file(**{FUNCTION: []})}, 99.0, f"{EXCUSED}::{FUNCTION} needs no excuse"),
        ({EXCUSED: file()}, 99.0, f"{EXCUSED}::{FUNCTION} needs no excuse"),
    ],
    ids=[
        "as it is",
        "no money",
        "too little",
        "a line about money",
        "beside what runs elsewhere",
        "runs here by now",
        "is gone",
    ],
)
def test_each_line_about_money_is_entered(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, Any],
    percent: float,
    words: str,
) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"totals": {"percent_covered": percent}, "files": files}))
    assert main(report) == bool(words)
    assert words in capsys.readouterr().out


def test_no_file_about_money_leaves_the_list_by_being_renamed() -> None:
    assert [name for name in MONEY if not (ROOT / name).exists()] == []
