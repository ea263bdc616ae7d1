from __future__ import annotations

import pytest

from orders.sending.writes import journal_file


@pytest.fixture
def small_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line begins a new file: of many sends the last two are kept."""
    monkeypatch.setattr(journal_file, "LARGEST", 10)
