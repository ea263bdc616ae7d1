"""What has to stand before the first request."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pytest_django import Settings

from dashboard import bootstrap


def test_two_desks_of_one_checkout_gather_its_static_files_once(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STATIC_ROOT = tmp_path / "gathered"
    both, done = threading.Barrier(2), list[str]()

    def gather(name: str, **options: object) -> None:
        time.sleep(0.05)  # long enough for the other one to come in, if it may
        done.append(name)

    def start() -> None:
        both.wait()
        bootstrap.collect_static_files(lambda words: None)

    monkeypatch.setattr(bootstrap, "call_command", gather)
    with ThreadPoolExecutor(2) as desks:
        for desk in [desks.submit(start) for _ in range(2)]:
            desk.result()
    assert done == ["collectstatic"]
