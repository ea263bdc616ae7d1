"""What comes up between a claim and its first byte, for every kind of write, and sudden deaths."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder

from core import clocks
from orders.status import HaltKind
from providers.models import Provider, ProviderState


class Stopped(Protocol):
    """A desk with a clock that tests may set."""

    now: datetime

    def place_halt(self, kind: HaltKind, **over: Any) -> None: ...


class Crash(BaseException):
    """The worker is dead. No Exception: nothing of ours may catch it."""


def die(*args: object) -> None:
    raise Crash


def _suspended(desk: Stopped) -> None:
    desk.now += timedelta(seconds=clocks.SEND_WINDOW_SECONDS + 1)


def _set_back(desk: Stopped) -> None:
    desk.now -= timedelta(hours=1)


def _set_forward(desk: Stopped) -> None:
    desk.now += timedelta(seconds=5)


def _paused(desk: Stopped) -> None:
    Provider.objects.update(state=ProviderState.PAUSED)


def _other_key(desk: Stopped) -> None:
    Provider.objects.update(version=7)


def _upgraded(desk: Stopped) -> None:
    MigrationRecorder.Migration.objects.create(app="orders", name="9999_newer")


def _halted(kind: HaltKind) -> Callable[[Stopped], None]:
    return lambda desk: desk.place_halt(kind)


OBSTACLES: dict[str, Callable[[Any], None]] = {
    "the machine was suspended": _suspended,
    "the database's clock was set back": _set_back,
    "the database's clock was set forward": _set_forward,
    "the provider was paused": _paused,
    "its key was changed": _other_key,
    "the database is of a newer release": _upgraded,
    **{f"stopped: {kind}": _halted(kind) for kind in HaltKind if kind != HaltKind.ANSWER_LOST},
}


def terminate_backend() -> None:
    """As a server that restarts or a network that fails does it. SQLite has none to lose."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        other.close()
