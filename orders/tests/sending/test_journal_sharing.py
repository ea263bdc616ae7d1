"""Processes of one machine share a journal and lose no line of it."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

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
