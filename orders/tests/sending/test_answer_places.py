"""Answers on several machines: taken in by whoever finds them, or told where they are."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache

from core.clocks import database_now
from core.failpoints import armed
from dashboard.health.watchdog import for_banner
from orders.models import AnswerPlace, Attempt, Order, RequestCall
from orders.oldest_work import Late
from orders.restores import tasks as restores_tasks
from orders.sending import answer_places, answer_spool, send_orders
from orders.status import Outcome, RefillStatus, Status
from orders.tests.sending.obstacles import Crash, die
from orders.watchdog.overdue import Standstill, standstills
from tests.builders import make_attempt, make_order, make_refill, make_user
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.services]
AWAY = timedelta(minutes=11)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """By the watchdog, of a page that another test has read."""
    cache.clear()


class Machine:
    """A host of its own, with a data directory that may be another's too."""

    def __init__(self, host: str, disk: Path, monkeypatch, settings) -> None:
        self.host, self.disk, self.patch, self.settings = host, disk, monkeypatch, settings

    def is_here(self) -> None:
        self.patch.setattr("socket.gethostname", lambda: self.host)
        self.settings.DATA_DIR = self.disk

    def dies_with_an_answer(self) -> Order:
        self.is_here()
        order, now = make_order(), database_now()
        fresh = Order.objects.select_related("provider").get(pk=order.pk)
        with armed("send.spooled", die), pytest.raises(Crash):
            send_orders.send_order(fresh, fresh.provider, FakeProvider(), clock=lambda: now)
        return fresh

    def looks(self) -> list[Standstill]:
        self.is_here()
        return standstills(database_now())


@pytest.fixture
def machine(monkeypatch, settings, tmp_path):
    def make(host: str, disk: str) -> Machine:
        (tmp_path / disk).mkdir(exist_ok=True)
        return Machine(host, tmp_path / disk, monkeypatch, settings)

    return make


def a_while_ago(host: str, *, passed: timedelta = AWAY) -> None:
    """As it stands in the rows after so long."""
    place = AnswerPlace.objects.get(host=host)
    oldest = place.oldest_at and place.oldest_at - passed
    AnswerPlace.objects.filter(pk=place.pk).update(seen_at=place.seen_at - passed, oldest_at=oldest)
    for attempt in Attempt.objects.all():
        then = attempt.started_at - passed
        Attempt.objects.filter(pk=attempt.pk).update(started_at=then)


def test_in_a_shared_directory_another_machine_takes_the_answer_in(machine):
    order = machine("first", "shared").dies_with_an_answer()
    machine("second", "shared").is_here()
    restores_tasks.import_spool()
    assert Order.objects.get(pk=order.pk).status == Status.PENDING
    assert AnswerPlace.objects.get().host == "second"


def test_a_shared_directory_is_one_place_whoever_tells_of_it(machine):
    for host in ("first", "second", "first"):
        machine(host, "shared").is_here()
        answer_places.report(now=database_now())
    machine("third", "own").is_here()
    answer_places.report(now=database_now())
    assert sorted(AnswerPlace.objects.values_list("host", flat=True)) == ["first", "third"]
    assert [path.name for path in answer_spool.directory().iterdir()] == [answer_places.NAME]


def test_an_answer_that_a_living_machine_does_not_take_in_is_told_elsewhere(machine):
    machine("first", "own").dies_with_an_answer()
    answer_places.report(now=database_now())
    assert machine("web", "web").looks() == []
    place = AnswerPlace.objects.get()
    AnswerPlace.objects.update(oldest_at=place.seen_at - timedelta(minutes=3))
    (late,) = machine("web", "web").looks()
    assert (late.late, late.account) == (Late.SPOOL, "first")


def test_a_machine_that_is_away_with_what_it_heard_is_told(machine, client):
    order = machine("first", "own").dies_with_an_answer()
    answer_places.report(now=database_now())
    AnswerPlace.objects.update(waiting=0, oldest_at=None)  # it was written after the last look
    Attempt.objects.update(outcome=Outcome.UNKNOWN, unknown_at=database_now())
    Order.objects.filter(pk=order.pk).update(status=Status.UNCONFIRMED)
    assert machine("web", "web").looks() == []
    a_while_ago("first")
    (late,) = machine("web", "web").looks()
    assert (late.late, late.account) == (Late.MACHINE, "first")
    (told,) = for_banner(database_now())
    assert "first" in told.title and "Start a worker" in told.reason
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "machine" in json.dumps(ready.json())
    Attempt.objects.update(resolved_by=make_user(), outcome=Outcome.NOT_PLACED)
    assert machine("web", "web").looks() == [], "somebody has resolved it"


def test_a_refill_in_doubt_counts_as_well(machine):
    machine("first", "own").is_here()
    answer_places.report(now=database_now())
    refill = make_refill(status=RefillStatus.UNCONFIRMED, sent_at=database_now())
    refill.call = RequestCall.objects.create(
        provider=refill.provider,
        write="refill",
        worker="first:7:MainThread",
        started_at=database_now(),
    )
    refill.save()
    AnswerPlace.objects.update(seen_at=database_now() - AWAY)
    (late,) = machine("web", "web").looks()
    assert late.late is Late.MACHINE


def test_a_machine_that_was_taken_away_with_nothing_in_doubt_is_not_told(machine):
    machine("first", "own").is_here()
    answer_places.report(now=database_now())
    make_attempt(
        make_order(Status.UNCONFIRMED),
        outcome=Outcome.UNKNOWN,
        worker="another:7:MainThread",
        started_at=database_now(),
        searched_at=database_now(),
    )
    AnswerPlace.objects.update(seen_at=database_now() - AWAY)
    assert machine("web", "web").looks() == []
    machine("first", "own").is_here()
    make_attempt(
        make_order(Status.UNCONFIRMED),
        outcome=Outcome.UNKNOWN,
        worker="first:7:MainThread",
        started_at=database_now() - timedelta(days=5),
        unknown_at=database_now(),
    )
    assert machine("web", "web").looks() == [], "it came by after that one was over"


def test_an_answer_that_is_taken_in_this_moment_waits_no_more(machine):
    machine("first", "own").is_here()
    gone = answer_spool.directory() / "5-x.json"
    gone.parent.mkdir(parents=True)
    gone.symlink_to(gone.with_name("recorded"))
    answer_places.report(now=database_now())
    assert (AnswerPlace.objects.get().waiting, answer_places.waiting_here()) == (0, [])


def test_the_directory_of_this_machine_is_not_elsewhere(machine):
    mine = machine("first", "own")
    mine.dies_with_an_answer()
    answer_places.report(now=database_now())
    a_while_ago("first")
    mine.is_here()
    assert not answer_places.late_elsewhere(database_now()).exists()
    machine("web", "web").is_here()
    assert answer_places.late_elsewhere(database_now()).exists()
