"""A database is put back together with its numbers while a refill or cancel is under way: another
call gets the number of the one whose answer is awaited, and is neither sent nor ended by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from orders.models import Order, Refill, RequestCall
from orders.restores.tasks import importers
from orders.sending.restore_check import guard
from orders.sending.writes import answer_files
from orders.status import Status, Write
from providers.panel_api import RefusalCode, Refused
from tests.builders import NOON, make_order, make_provider, make_service
from tests.fake_provider import lost_answer

from ..sending.test_every_write import Desk
from ..sending.test_restore_guard import LATER, acknowledge

pytestmark = [pytest.mark.django_db, pytest.mark.services]
WRITES = (Write.REFILL, Write.CANCEL)
TAKEN = {Write.REFILL: "pending", Write.CANCEL: "accepted"}
SOON = NOON + timedelta(seconds=2)


@pytest.fixture(params=WRITES, ids=[str(write) for write in WRITES])
def desk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(request.param, monkeypatch)


def put_back(desk: Desk, *, to: Order | None = None, call: bool = True) -> Any:
    """To before anybody had asked. Where `to` an order something is asked for since, and claimed
    by another worker, row and `call` get the numbers that were given out in the other life."""
    model = type(desk.row)
    mine = model._default_manager.get(pk=desk.row.pk)
    numbers = mine.pk, mine.call_id
    model._default_manager.all().delete()
    RequestCall.objects.all().delete()
    mine.call, mine.requests, mine.status, mine.sent_at = None, 0, "queued", None
    if to is not None:
        mine.order, mine.provider, mine.requested_at = to, to.provider, SOON
    if to is not None or not call:
        mine.due_at = SOON + timedelta(seconds=60)
        mine.call = RequestCall.objects.create(
            pk=numbers[1], provider=mine.provider, write=desk.write, worker="w", started_at=SOON
        )
        mine.status, mine.requests, mine.sent_at = "sending", 1, SOON
    mine.save(force_insert=True)
    return mine


def another_order(desk: Desk) -> Order:
    return make_order(Status(desk.row.order.status), service=make_service(make_provider()))


def says(desk: Desk, monkeypatch: pytest.MonkeyPatch, said: object) -> None:
    def answer(order_ids: Sequence[str], *, before_send: Any = None) -> dict[str, Any]:
        desk.panel._do("done", before_send)
        if isinstance(said, Exception):
            raise said
        return dict.fromkeys(order_ids, said)

    if said is not None:
        monkeypatch.setattr(desk.panel, desk.write.value, answer)


@pytest.mark.parametrize("said", [None, Refused("No.", RefusalCode.LINK), lost_answer()])
def test_an_answer_ends_nothing_that_another_call_has_asked(desk, monkeypatch, said):
    other, stood = another_order(desk), list[dict[str, Any]]()
    says(desk, monkeypatch, said)
    rows = type(desk.row)._default_manager

    def restored() -> None:
        put_back(desk, to=other)
        stood.append(rows.values().get())

    desk.panel.took = restored
    desk.send()
    assert rows.values().get() == stood[0]
    assert RequestCall.objects.get().recorded_at is None


def test_the_answer_stays_on_disk_and_is_given_back_to_its_own_order(desk):
    other = another_order(desk)
    desk.panel.took = lambda: put_back(desk, to=other)
    desk.send()
    answer_files.import_left_behind(importers(LATER))
    guard.check_database(now=LATER)
    acknowledge(LATER)
    guard.check_database(now=LATER)
    assert type(desk.row)._default_manager.get(order=other).status == "sending"
    if desk.write is Write.REFILL:
        mine = Refill.objects.get(order=desk.row.order)
        assert (mine.status, mine.external_id) == ("pending", "77")
    else:
        assert desk.row.order.events.filter(text__contains="took the request to cancel").exists()


def test_what_another_worker_has_claimed_under_its_number_is_not_sent_by_it(desk):
    desk.panel.stands = lambda: put_back(desk, call=False)
    desk.send()
    assert desk.panel.done == []
    assert type(desk.row)._default_manager.get().status == "sending"


def test_an_answer_is_written_down_where_its_call_was_given_back_meanwhile(desk):
    """Under another number than it had been claimed with."""

    def restored() -> None:
        put_back(desk)
        RequestCall.objects.create(
            pk=10_000, provider=another_order(desk).provider, write=desk.write, started_at=SOON
        )
        guard.check_database(now=SOON)

    desk.panel.took = restored
    desk.send()
    assert desk.status == TAKEN[desk.write]
    assert not list(answer_files.directory().glob("*"))
    assert desk.row.call.recorded_at
