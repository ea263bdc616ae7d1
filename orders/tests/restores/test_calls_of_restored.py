"""A machine that was off while a database was put back and accepted finds that out by the claim of
a refill that it had sent. However its look ends, nobody sends that a second time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from core import clocks
from core.failpoints import armed
from orders.aftersales import runs
from orders.models import Halt, Refill, RequestCall
from orders.models.refill import RefillQuerySet
from orders.restores.tasks import importers
from orders.sending.restore_check import guard, recalled_requests
from orders.sending.restore_check.recalled_sends import NotRecalled
from orders.sending.writes import answer_files
from orders.status import RefillStatus, Status
from orders.tests.restores.test_recalled_calls import Panel
from orders.tests.sending.obstacles import Crash, die
from orders.tests.sending.test_restore_guard import LATER, acknowledge
from providers.models import Provider
from tests.builders import NOON, make_order, make_provider, make_refill, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
AFTER = LATER + timedelta(minutes=1)
OLD = AFTER + timedelta(seconds=clocks.SEND_WINDOW_SECONDS + 1)


def send(panel: Panel, clock: Callable[[], datetime]) -> None:
    runs.send_requests(Provider.objects.get(), panel, clock=clock, seconds=0)


@pytest.fixture(params=[False, True], ids=["the same", "asked for anew"])
def panel(request: pytest.FixtureRequest) -> Panel:
    """A refill was sent, and waits to be sent in a database that others have accepted."""
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    order = make_order(Status.COMPLETED, service=make_service(account))
    make_refill(order=order)
    panel = Panel()
    send(panel, lambda: NOON)
    Refill.objects.update(
        status="queued", requests=0, sent_at=None, call=None, external_id="", due_at=NOON
    )
    if request.param:
        Refill.objects.all().delete()
        make_refill(order=order, requested_at=LATER, due_at=LATER)
    RequestCall.objects.all().delete()
    guard.quarantine("The database was put back.", now=NOON)
    acknowledge(LATER)
    return panel


def _claim_is_too_old(panel: Panel, patched: pytest.MonkeyPatch) -> None:
    moments = [AFTER]
    with armed("request.claimed", lambda: moments.append(OLD)):
        send(panel, lambda: moments[-1])


def _database_goes_away(panel: Panel, patched: pytest.MonkeyPatch) -> None:
    def away(**how: object) -> bool:
        raise OperationalError("gone")

    patched.setattr(guard, "check_database", away)
    send(panel, lambda: AFTER)


def _worker_is_killed(panel: Panel, patched: pytest.MonkeyPatch) -> None:
    with armed("request.recorded", die), suppress(Crash):
        send(panel, lambda: AFTER)


def _killed_and_imported(panel: Panel, patched: pytest.MonkeyPatch) -> None:
    with armed("request.kept", die), suppress(Crash):
        send(panel, lambda: AFTER)
    assert answer_files.import_left_behind(importers(AFTER)) == 1


ENDS: dict[str, Callable[[Panel, pytest.MonkeyPatch], None]] = {
    "the claim is too old": _claim_is_too_old,
    "the database goes away": _database_goes_away,
    "the worker is killed": _worker_is_killed,
    "its answer is imported": _killed_and_imported,
}


@pytest.mark.parametrize("look_ends", ENDS.values(), ids=ENDS)
def test_a_refill_whose_claim_finds_it_out_is_given_back_in_the_same_step(
    look_ends: Callable[[Panel, pytest.MonkeyPatch], None],
    panel: Panel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another machine has accepted the database and would send what is queued at once."""
    with monkeypatch.context() as patched:
        look_ends(panel, patched)
    assert Refill.objects.get().status == RefillStatus.PENDING
    assert not Halt.objects.standing().exists()
    assert guard.check_database(now=OLD), "it goes on by itself"
    send(panel, lambda: OLD + timedelta(hours=2))
    assert len(panel.done) == 1, "it was asked for twice"


@pytest.mark.parametrize("panel", [True], indirect=True, ids=["asked for anew"])
@pytest.mark.parametrize("then", [RefillStatus.QUEUED, RefillStatus.WITHDRAWN])
def test_a_refill_that_a_worker_puts_back_while_it_is_looked_at_is_left_to_the_next_look(
    then: RefillStatus, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken by nobody and in nobody's hands any more, it would be sent beside the first; and where
    somebody took it back, the first would be lost."""
    Refill.objects.update(status=RefillStatus.SENDING)
    real, hits = RefillQuerySet.update, list[int]()

    def update(rows: RefillQuerySet, **more: Any) -> int:
        hits.append(real(rows, **more))
        if hits == [0, 0]:
            real(Refill.objects.all(), status=then)
        return hits[-1]

    with monkeypatch.context() as patched:
        patched.setattr(RefillQuerySet, "update", update)
        with pytest.raises(NotRecalled):
            recalled_requests.recall_calls(Provider.objects.get().pk, now=AFTER)
    assert hits == [0, 0] and not RequestCall.objects.exists()
    Refill.objects.update(status=then)
    assert recalled_requests.recall_calls(Provider.objects.get().pk, now=AFTER) == 1
    assert [one.status for one in Refill.objects.open()] == [RefillStatus.PENDING]


@pytest.mark.parametrize("panel", [False], indirect=True, ids=["the same"])
def test_one_that_a_person_lets_go_again_while_it_is_looked_at_is_left_to_the_next_look(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    Refill.objects.update(status=RefillStatus.UNCONFIRMED)
    real = RefillQuerySet.update

    def update(rows: RefillQuerySet, **more: Any) -> int:
        hit = real(rows, **more)
        real(Refill.objects.all(), status=RefillStatus.QUEUED)
        return hit

    with monkeypatch.context() as patched:
        patched.setattr(RefillQuerySet, "update", update)
        with pytest.raises(NotRecalled):
            recalled_requests.recall_calls(Provider.objects.get().pk, now=AFTER)
    assert not RequestCall.objects.exists()
