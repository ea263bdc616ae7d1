"""A bell is rung beside the work that rings it, never before it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from core import clocks, doorbell
from core.doorbell import Doorbell


def wait_until(true: Callable[[], bool], seconds: float = 5) -> bool:
    ends = time.monotonic() + seconds
    while not true() and time.monotonic() < ends:
        time.sleep(0.01)
    return true()


class Broker:
    """Takes bells; while `frozen` each of them waits for ever."""

    def __init__(self, *, frozen: bool = False) -> None:
        self.heard: list[tuple[str, dict[str, int]]] = []
        self.moves = threading.Event()
        if not frozen:
            self.moves.set()

    def deliver(self, name: str, ids: dict[str, int]) -> None:
        self.moves.wait()
        self.heard.append((name, ids))


def test_bells_reach_the_broker() -> None:
    broker = Broker()
    bell = Doorbell(broker.deliver)
    bell.ring("orders.dispatch", provider_id=1)
    bell.ring("orders.follow", provider_id=2)
    assert wait_until(lambda: len(broker.heard) == 2)
    assert broker.heard[0] == ("orders.dispatch", {"provider_id": 1})


def test_a_bell_that_nobody_hears_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else workers that were deaf for days hear days of bells before the first of today."""
    sent: list[dict[str, object]] = []
    heard = SimpleNamespace(send_task=lambda name, **how: sent.append(how))
    monkeypatch.setattr(doorbell, "current_app", heard)
    doorbell.send("orders.dispatch", {"provider_id": 1})
    assert sent == [
        {"kwargs": {"provider_id": 1}, "retry": False, "expires": clocks.BELL_EXPIRES_SECONDS}
    ]


def test_a_frozen_broker_holds_nobody_and_the_same_bell_waits_once() -> None:
    broker = Broker(frozen=True)
    bell = Doorbell(broker.deliver)
    began = time.monotonic()
    for _ in range(50):
        for account in range(3):
            bell.ring("orders.dispatch", provider_id=account)
    assert time.monotonic() - began < 0.5
    broker.moves.set()
    assert wait_until(lambda: len(broker.heard) >= 3)
    time.sleep(0.05)
    assert len(broker.heard) <= 4  # one was under way when it was rung again


def test_a_thread_that_cannot_be_started_holds_nobody_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker()
    bell = Doorbell(broker.deliver)

    def too_many(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", too_many)
        bell.ring("orders.dispatch", provider_id=1)
    bell.ring("orders.dispatch", provider_id=2)
    assert wait_until(lambda: len(broker.heard) == 2)


def test_a_thread_that_died_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    heard = list[int]()

    def deliver(name: str, ids: dict[str, int]) -> None:
        heard.append(ids["provider_id"])
        if len(heard) == 1:
            raise SystemExit

    bell = Doorbell(deliver)
    bell.ring("orders.dispatch", provider_id=1)
    assert wait_until(lambda: bool(bell._thread and not bell._thread.is_alive()))
    bell.ring("orders.dispatch", provider_id=2)
    assert wait_until(lambda: heard == [1, 2])


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "MOST_WAITING", 5)
    broker = Broker(frozen=True)
    bell = Doorbell(broker.deliver)
    for account in range(100):
        bell.ring("orders.dispatch", provider_id=account)
    assert len(bell._waiting) <= 5
    broker.moves.set()


def test_bells_the_sweep_has_rung_meanwhile_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "BELL_WAITS_SECONDS", 0.05)
    broker = Broker(frozen=True)
    bell = Doorbell(broker.deliver)
    for account in range(5):
        bell.ring("orders.dispatch", provider_id=account)
    time.sleep(0.1)
    broker.moves.set()
    assert wait_until(lambda: not bell._waiting)
    assert len(broker.heard) <= 1


def test_a_bell_that_fails_is_told_once_and_the_next_one_is_rung(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[str] = []

    def deliver(name: str, ids: dict[str, int]) -> None:
        heard.append(name)
        raise ConnectionError("no broker")

    bell = Doorbell(deliver)
    for account in range(3):
        bell.ring("orders.dispatch", provider_id=account)
    assert wait_until(lambda: len(heard) == 3)
    assert wait_until(lambda: "out of order" in caplog.text)
    assert caplog.text.count("out of order") == 1
