"""Processes of one machine share a journal and lose no line of it."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from orders.sending.writes import journal_file
from orders.sending.writes.journal_file import JournalFile

EACH, PROCESSES = 40, 4


def _write(path: Path, writer: int) -> None:
    for number in range(EACH):
        JournalFile(path).write("sent", wait=False, writer=writer, number=number)


def test_no_line_is_lost_between_processes(tmp_path: Path) -> None:
    path, fork = tmp_path / "1.jsonl", multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write, args=(path, n)) for n in range(PROCESSES)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    found = {(line["writer"], line["number"]) for line in JournalFile(path).all_lines()}
    assert found == {(w, n) for w in range(PROCESSES) for n in range(EACH)}


def test_two_that_find_a_journal_large_set_it_aside_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = JournalFile(tmp_path / "1.jsonl")
    file.write("sent", wait=False, number=1)
    monkeypatch.setattr(journal_file, "LARGEST", file.path.stat().st_size)
    other_did: list[Path] = []

    def meanwhile(self: JournalFile) -> bool:
        if not other_did:
            other_did.append(file.path.replace(file.older().path))
            file.write("carried", wait=False)
            return True  # what this process had seen before
        return self.path.stat().st_size >= journal_file.LARGEST * 2

    monkeypatch.setattr(JournalFile, "_is_large", meanwhile)
    file.begin_anew_if_large(lambda: None)
    assert [line["what"] for line in file.all_lines()] == ["sent", "carried"]


def test_a_file_that_is_set_aside_while_all_are_read_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read after it was set aside, it would be in neither place: what was sent would be unknown."""
    file, real = JournalFile(tmp_path / "1.jsonl"), journal_file._opened
    file.write("sent", wait=False, number=1)
    opened: list[Path] = []

    def rotate(path: Path, files: Any) -> Any:
        found = real(path, files)
        opened.append(path)
        if len(opened) == 1:
            file.path.replace(file.older().path)
        return found

    monkeypatch.setattr(journal_file, "_opened", rotate)
    assert [line["number"] for line in file.all_lines()] == [1]


def test_nor_is_one_missed_that_is_set_aside_while_the_older_is_read(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "1.jsonl")
    for number in (1, 2):
        file.write("sent", wait=False, number=number)
        if number == 1:
            file.path.replace(file.older().path)
    lines = file.all_lines()
    assert next(lines)["number"] == 1
    file.path.replace(file.older().path)
    file.write("sent", wait=False, number=3)
    assert [line["number"] for line in lines] == [2]


def test_a_file_that_is_being_begun_anew_has_no_lines_yet(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "1.jsonl")
    file.write("sent", wait=False, number=1)
    file.path.replace(file.older().path)
    assert [line["number"] for line in file.all_lines()] == [1]
    assert list(file.lines()) == file.tail() == []


def test_only_lines_about_what_is_asked_for_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two full files hold thirty thousand lines, and decoding them takes a second."""
    file, keys = JournalFile(tmp_path / "1.jsonl"), [uuid4().hex for _ in range(3)]
    for key in keys:
        file.write("sent", wait=False, token=f"{key}-1")
    file.write(journal_file.DATABASE_ACCEPTED, wait=False, token=f"{keys[2]}-1")
    decoded, real = list[bytes](), json.loads

    def loads(line: bytes) -> Any:
        decoded.append(line)
        return real(line)

    monkeypatch.setattr(json, "loads", loads)
    found = [line["what"] for line in file.all_lines({keys[1].encode()})]
    assert found == ["sent", journal_file.DATABASE_ACCEPTED]
    assert len(decoded) == len(found)
