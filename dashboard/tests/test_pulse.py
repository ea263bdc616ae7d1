"""A worker that works is alive however busy it is; one that hears nothing is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.signals import task_postrun, task_prerun, task_received, task_revoked
from django.db import DatabaseError, connections

from core.clocks import HEARTBEAT_STALE_SECONDS, LONGEST_TASK_SECONDS, database_now
from dashboard import celery as desk_celery
from dashboard.health import pulse
from dashboard.health.pulse import Pulse, Work
from dashboard.models import Heartbeat

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

THREADS, ACCOUNTS = 9, 20


def later(seconds: float) -> float:
    return time.monotonic() + seconds


def test_a_worker_that_hears_bells_works() -> None:
    work = Work(threads=2)
    work.heard()
    assert work.goes_on()
    assert not work.goes_on(later(HEARTBEAT_STALE_SECONDS + 1))


def test_a_worker_whose_threads_are_all_busy_works_although_it_hears_nothing() -> None:
    work = Work(threads=2)
    work.began("one")
    assert not work.goes_on(later(HEARTBEAT_STALE_SECONDS + 1))  # the other thread hears nothing
    work.began("two")
    assert work.goes_on(later(HEARTBEAT_STALE_SECONDS + 1))
    assert not work.goes_on(later(LONGEST_TASK_SECONDS + 1))  # they hang
    work.ended("one")
    work.ended("two")
    assert work.goes_on()


def test_a_pulse_tells_of_every_queue_and_touches_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "worker.pulse"
    monkeypatch.setenv("DESK_PULSE_FILE", str(file))
    Pulse(Work(threads=1), ["dispatch", "follow"]).beat_once()
    assert Heartbeat.objects.ages(database_now()).keys() == {"dispatch", "follow"}
    assert file.exists()


def test_a_worker_that_does_nothing_has_no_pulse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_PULSE_FILE", str(tmp_path / "worker.pulse"))
    monkeypatch.setattr(pulse, "HEARTBEAT_STALE_SECONDS", -1)
    Pulse(Work(threads=1), ["dispatch"]).beat_once()
    assert not Heartbeat.objects.exists()
    assert not (tmp_path / "worker.pulse").exists()


def test_a_busy_database_takes_no_pulse_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise DatabaseError("database is locked")

    monkeypatch.setenv("DESK_PULSE_FILE", str(tmp_path / "worker.pulse"))
    monkeypatch.setattr(pulse, "database_now", fail)
    Pulse(Work(threads=1), ["dispatch"]).beat_once()
    assert (tmp_path / "worker.pulse").exists()


@contextmanager
def watched_worker(app: Celery) -> Iterator[Work]:
    """A real worker with real threads, seen as the desk sees its own."""
    worker: Any
    with start_worker(app, pool="threads", concurrency=THREADS, perform_ping_check=False) as worker:
        work = desk_celery.work_of(worker.consumer)
        yield work
    for signal in (task_received, task_revoked, task_prerun, task_postrun):
        for receiver in (work.heard, work.began, work.ended):
            signal.disconnect(receiver)
    connections.close_all()


def test_nine_threads_and_twenty_busy_accounts_never_look_deaf(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every run takes longer than a worker may be silent, and all threads are in one."""
    monkeypatch.setattr(pulse, "HEARTBEAT_STALE_SECONDS", 1.5)
    app = Celery("busy", broker="memory://", set_as_current=False)
    app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, task_ignore_result=True)
    done: list[int] = []
    going_on = threading.Event()

    @app.task(name="busy.run")
    def run(account: int) -> None:
        going_on.set()
        time.sleep(3.0)
        done.append(account)

    with watched_worker(app) as work:
        for account in range(ACCOUNTS):
            run.delay(account)
        assert going_on.wait(20)
        ends, seen = later(60), []
        while len(done) < THREADS * 2 and time.monotonic() < ends:
            seen.append(work.goes_on())
            time.sleep(0.02)
        assert len(done) >= THREADS * 2
        assert all(seen)
        for _ in range(200):
            if len(done) == ACCOUNTS and not work.goes_on():
                break
            time.sleep(0.05)
        assert not work.goes_on()  # no bell comes any more: then it is deaf
