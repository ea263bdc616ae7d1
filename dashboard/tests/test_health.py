"""/healthz and /readyz tell the truth, and beat writes down that it is alive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery import Celery
from django.db import DatabaseError
from django.test import Client
from pytest_django import Settings

from core.clocks import HEARTBEAT_STALE_SECONDS, database_now
from dashboard import celery as desk_celery
from dashboard.health import views as health_views
from dashboard.messaging.beat import WatchedScheduler
from dashboard.models import BEAT, Heartbeat
from dashboard.timetable import QUEUES, TIMETABLE
from tests.builders import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def broker_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_views, "broker_answers", lambda: True)


def readyz(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_healthz_answers_anybody(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_health_can_only_be_read(client: Client) -> None:
    assert client.post("/healthz").status_code == client.post("/readyz").status_code == 405


@pytest.mark.usefixtures("broker_up")
def test_a_recent_beat_makes_the_desk_ready(client: Client) -> None:
    Heartbeat.objects.note(BEAT, database_now())
    status, body = readyz(client)
    assert (status, body["ready"]) == (200, True)


@pytest.mark.usefixtures("broker_up")
@pytest.mark.parametrize("age", [None, HEARTBEAT_STALE_SECONDS + 1], ids=["never", "too long ago"])
def test_without_a_recent_beat_it_is_not_ready(client: Client, age: int | None) -> None:
    if age is not None:
        Heartbeat.objects.note(BEAT, database_now() - timedelta(seconds=age))
    status, body = readyz(client)
    assert (status, body["ready"], body["beat"]) == (503, False, False)


def test_without_a_broker_it_is_not_ready(client: Client, settings: Settings) -> None:
    Heartbeat.objects.note(BEAT, database_now())
    nobody_there = Celery("nobody", broker="redis://127.0.0.1:1/0", set_as_current=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(health_views, "app", nobody_there)
        status, body = readyz(client)
    assert (status, body["broker"], body["beat"]) == (503, False, True)


@pytest.mark.usefixtures("broker_up")
def test_without_a_database_it_is_not_ready_and_does_not_break(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(health_views, "database_now", fail)
    status, body = readyz(client)
    assert (status, body["database"], body["beat"]) == (503, False, False)


@pytest.mark.usefixtures("broker_up")
def test_a_deaf_worker_is_told_from_a_dead_beat(client: Client) -> None:
    Heartbeat.objects.note(BEAT, database_now())
    Heartbeat.objects.note("dispatch", database_now())
    _, body = readyz(client)
    assert body["workers_seconds_ago"] == {"dispatch": pytest.approx(0, abs=2), "follow": None}


def test_a_part_has_one_row_however_often_it_is_seen() -> None:
    now = database_now()
    Heartbeat.objects.note(BEAT, now - timedelta(seconds=50))
    Heartbeat.objects.note(BEAT, now)
    assert Heartbeat.objects.ages(now) == {BEAT: 0.0}


def test_a_sign_of_life_from_the_future_is_stale_and_not_fresh() -> None:
    now = database_now()
    Heartbeat.objects.note("dispatch", now + timedelta(days=1))
    Heartbeat.objects.note("follow", now + timedelta(seconds=10))
    Heartbeat.objects.note(BEAT, now + timedelta(seconds=1))
    ages = Heartbeat.objects.ages(now)
    assert min(ages["dispatch"], ages["follow"]) > HEARTBEAT_STALE_SECONDS
    assert ages[BEAT] == 0.0


def test_every_bell_in_the_timetable_has_somebody_to_hear_it() -> None:
    desk_celery.app.loader.import_default_modules()
    known = set(desk_celery.app.tasks)
    assert {entry["task"] for entry in TIMETABLE.values()} <= known
    route = desk_celery.app.amqp.router.route
    routed = {route({}, entry["task"])["queue"].name for entry in TIMETABLE.values()}
    assert routed == set(QUEUES)


def test_bells_that_nobody_heard_do_not_pile_up() -> None:
    assert all(
        entry["schedule"] < entry["options"]["expires"] <= 3 * entry["schedule"]
        for entry in TIMETABLE.values()
    )


class CountingScheduler(WatchedScheduler):
    rung: list[str]

    def apply_async(self, entry: Any, *args: Any, **kwargs: Any) -> None:
        self.rung = [*getattr(self, "rung", []), entry.task]


@pytest.mark.django_db(transaction=True)  # beat closes connections that have grown old
def test_beat_rings_everything_at_once_when_it_comes_back_and_says_that_it_lives() -> None:
    beat = CountingScheduler(app=desk_celery.app)
    for _ in TIMETABLE:
        beat.tick()
    assert sorted(beat.rung) == sorted(entry["task"] for entry in TIMETABLE.values())
    assert Heartbeat.objects.ages(database_now()).keys() == {BEAT}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("hours", [-1, -0.01, 1])
def test_beat_rings_on_when_its_clock_is_set(hours: float) -> None:
    """Celery waits until the clock has come to where it was; nothing would be begun so long."""
    with time_machine.travel(NOON, tick=False):
        beat = CountingScheduler(app=desk_celery.app)
        for _ in TIMETABLE:
            beat.tick()
        beat.rung = []
        beat.tick()
        assert beat.rung == []
    with time_machine.travel(NOON + timedelta(hours=hours), tick=False):
        for _ in TIMETABLE:
            beat.tick()
    assert sorted(beat.rung) == sorted(entry["task"] for entry in TIMETABLE.values())


def test_beat_rings_on_while_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("dashboard.messaging.beat.database_now", fail)
    beat = CountingScheduler(app=desk_celery.app)
    beat.tick()
    assert len(beat.rung) == 1
    assert "could not write down" in caplog.text
