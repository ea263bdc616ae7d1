"""A bell is as old for a machine whose clock is off as for any other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from celery.worker.request import Request
from django.db import connection
from kombu.utils.imports import symbol_by_name

from core import clocks
from core.clocks import BELL_EXPIRES_SECONDS, common_now, database_now
from dashboard.celery import app
from orders.sending.tasks import sweep

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OFF = {"behind": -HOUR, "right": timedelta(), "ahead": HOUR}


@pytest.fixture(autouse=True)
def _own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "OWN_CLOCK", clocks.OwnClock())


@contextmanager
def machine(off: timedelta, *, at: datetime) -> Iterator[None]:
    """One whose own clock is off, and that has asked the database's at this moment."""
    with time_machine.travel(at + off, tick=False):
        clocks.OWN_CLOCK.compare(at)
        yield


def rung(off: timedelta) -> Any:
    with machine(off, at=NOON):
        return app.amqp.as_task_v2("some-id", sweep.name, expires=BELL_EXPIRES_SECONDS)


def is_thrown_away(bell: Any, off: timedelta, *, after: float) -> bool:
    task = app.tasks[sweep.name]  # a test before this one may have made another app the current one
    kind = symbol_by_name(task.Request)
    assert issubclass(kind, Request)
    message = SimpleNamespace(delivery_info={}, properties={}, payload=bell.body)
    with machine(off, at=NOON + timedelta(seconds=after)):
        heard = kind(
            message, app=app, task=task, headers=bell.headers, body=bell.body, decoded=True
        )
        return bool(heard.maybe_expire())


@pytest.mark.parametrize("ringer", OFF.values(), ids=OFF)
@pytest.mark.parametrize("hearer", OFF.values(), ids=OFF)
def test_a_bell_lives_as_long_whosever_clock_is_off(ringer: timedelta, hearer: timedelta) -> None:
    bell = rung(ringer)
    assert not is_thrown_away(bell, hearer, after=BELL_EXPIRES_SECONDS - 1)
    assert is_thrown_away(bell, hearer, after=BELL_EXPIRES_SECONDS + 1)


@pytest.mark.services
def test_who_asks_the_database_knows_the_common_clock(db: None) -> None:
    """SQLite has no clock of its own: there it is that of the one machine."""
    right = database_now()
    off = timedelta() if connection.vendor == "sqlite" else HOUR
    with time_machine.travel(right + off, tick=False):
        database_now()
        assert abs(common_now() - right) < timedelta(minutes=1)
