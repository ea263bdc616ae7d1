"""Where the scratch of tests lies: in memory, and on disk where memory has no room for it."""

from __future__ import annotations

from pathlib import Path

from tests.memory import scratch_place


def test_scratch_lies_in_memory_that_has_room(tmp_path: Path) -> None:
    assert scratch_place(tmp_path, least=1) == str(tmp_path)


def test_memory_that_is_small_or_missing_is_not_used(tmp_path: Path) -> None:
    assert scratch_place(tmp_path, least=2**80) is None
    assert scratch_place(tmp_path / "none") is None
