"""One thread ends what has run out of time, and nothing else."""

from __future__ import annotations

import os
import threading
import time

import pytest

from providers.panel_api.http.connection import Watchdog

PATIENCE = 5.0


@pytest.fixture
def watchdog() -> Watchdog:
    return Watchdog()


def soon(seconds: float) -> float:
    return time.monotonic() + seconds


def test_whose_time_is_up_first_is_struck_first(watchdog: Watchdog) -> None:
    struck, last = list[str](), threading.Event()
    watchdog.watch(soon(0.3), last.set)
    watchdog.watch(soon(0.2), lambda: struck.append("later"))
    watchdog.watch(soon(0.1), lambda: struck.append("sooner"))
    assert last.wait(PATIENCE)
    assert struck == ["sooner", "later"]


def test_what_was_called_off_is_never_struck(watchdog: Watchdog) -> None:
    struck, last = list[str](), threading.Event()
    called_off = [watchdog.watch(soon(0.05), lambda: struck.append("struck")) for _ in range(3)]
    watchdog.watch(soon(0.2), last.set)
    for deadline in called_off:
        deadline.call_off()
    assert last.wait(PATIENCE)
    assert struck == []


def test_it_wakes_for_a_deadline_that_comes_after_a_rest(watchdog: Watchdog) -> None:
    for _ in range(2):
        struck = threading.Event()
        watchdog.watch(soon(0.02), struck.set)
        assert struck.wait(PATIENCE)


def test_a_thousand_deadlines_are_one_thread(watchdog: Watchdog) -> None:
    before = threading.active_count()
    for _ in range(1000):
        watchdog.watch(soon(60), lambda: None).call_off()
    assert threading.active_count() == before + 1


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_a_watchdog_of_its_own(watchdog: Watchdog) -> None:
    watchdog.watch(soon(60), lambda: None)
    child = os.fork()
    if child == 0:
        struck = threading.Event()
        watchdog.watch(soon(0.02), struck.set)
        os._exit(0 if struck.wait(PATIENCE) else 1)
    assert os.waitpid(child, 0)[1] == 0
