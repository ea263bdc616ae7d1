"""Files that a crash leaves whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import durable_files


def test_lines_stand_apart_from_one_that_a_crash_left_half(tmp_path: Path) -> None:
    path = tmp_path / "journal" / "today.log"
    durable_files.append_line(path, "one")
    with path.open("a") as file:
        file.write("half a li")
    durable_files.append_line(path, "two", wait_for_disk=False)
    assert [line for line in path.read_text().split("\n") if line] == ["one", "half a li", "two"]


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    durable_files.append_line(tmp_path / "a" / "lines", "one")
    durable_files.write_whole(tmp_path / "b" / "whole", "text").close()
    for name in ("a/lines", "b/whole"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        assert (tmp_path / name).parent.stat().st_mode & 0o777 == 0o700


def test_a_file_is_worked_on_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "answer"
    ours = durable_files.write_whole(path, "text")
    with path.open() as seen:
        assert durable_files.is_worked_on(seen)
        ours.close()
        assert not durable_files.is_worked_on(seen)
    assert path.read_text() == "text"


def test_a_full_disk_leaves_neither_half_a_file_nor_the_old_one_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "answer"
    durable_files.write_whole(path, "old").close()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        durable_files.write_whole(path, "new")
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["answer"]
