"""What a release has run on a desk's database stays as it was run."""

from __future__ import annotations

import shutil
from pathlib import Path

from .released_migrations import ROOT, changed, released


def test_no_released_migration_has_been_changed() -> None:
    assert len(released()) > 70
    assert not changed(), (
        "Write a new migration: desks have run these, and would not get the change."
    )


def test_a_change_of_one_is_seen(tmp_path: Path) -> None:
    for path in released():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    first, second, *_ = released()
    assert changed(tmp_path) == []
    (tmp_path / first).write_text(f"{(tmp_path / first).read_text()}\nMORE = 1\n")
    (tmp_path / second).unlink()
    assert changed(tmp_path) == [first, second]
