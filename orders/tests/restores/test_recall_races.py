"""Several workers give one call back to a restored database: one does, and nobody takes a failure
of somebody else's for that. With real threads on a real database."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as desk_settings

from orders.aftersales import refill_numbers, refill_sends
from orders.aftersales.batch_outcome import Answered, outcome_to_json
from orders.models import Refill, RequestCall
from orders.sending.restore_check import recalled_requests
from orders.sending.restore_check.recalled_sends import NotRecalled
from orders.sending.restore_check.request_journal import JournaledCall, Named
from orders.status import RefillStatus, Status, Write
from providers.panel_api import RefillStarted
from tests.builders import NOON, make_order, make_refill

from ..sending.test_every_write import Desk, take_back
from ..sending.test_races import THREADS, at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
BACK = {Write.REFILL: "unconfirmed", Write.CANCEL: "refused"}


@pytest.fixture(params=BACK, ids=[str(write) for write in BACK])
def desk(request, monkeypatch) -> Desk:
    """It has asked for something, its answer is lost, and the database knows nothing of it."""
    desk = Desk(request.param, monkeypatch)
    desk.send()
    take_back(desk)
    for file in (desk_settings.DATA_DIR / "sent").glob("*.requests.jsonl"):
        lines = [line for line in file.read_text().splitlines() if '"ended"' not in line]
        file.write_text("\n".join([*lines, ""]))
    return desk


def all_have_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every worker has seen that the call is unknown, before the first of them writes it down."""
    looked, real = threading.Barrier(THREADS, timeout=60), recalled_requests._left_behind

    def left_behind(key: str) -> Any:
        looked.wait()
        return real(key)

    monkeypatch.setattr(recalled_requests, "_left_behind", left_behind)


def recall(desk: Desk) -> list[int | None]:
    """How many requests each worker brought in; None: it could not."""

    def worker(number: int) -> int | None:
        try:
            return recalled_requests.recall_calls(desk.row.provider_id, now=NOON)
        except NotRecalled:
            return None

    return at_once(worker)


def test_one_of_eight_brings_the_call_in_and_the_others_fail_at_nothing(desk, monkeypatch):
    all_have_looked(monkeypatch)
    told = desk.row.order.events.count()
    assert sorted(recall(desk), key=str) == [0] * (THREADS - 1) + [1]
    desk.row.refresh_from_db()
    assert (desk.row.status, desk.row.requests) == (BACK[desk.write], 1)
    assert desk.row.call == RequestCall.objects.get()
    assert desk.row.order.events.count() == told + 1, "it is told once"


def test_where_the_fastest_breaks_another_brings_the_call_in(desk, monkeypatch):
    all_have_looked(monkeypatch)
    first, real = threading.Lock(), recalled_requests._give_up_cancels

    def give_up(*args: Any) -> None:
        if first.acquire(blocking=False):
            raise ValueError("broken")
        real(*args)

    monkeypatch.setattr(recalled_requests, "_give_up_cancels", give_up)
    found = recall(desk)
    assert (found.count(None), found.count(1), found.count(0)) == (1, 1, THREADS - 2)
    desk.row.refresh_from_db()
    assert (desk.row.status, desk.row.call) == (BACK[desk.write], RequestCall.objects.get())


def test_an_earlier_call_is_brought_in_while_the_answer_to_the_newest_is_written_down(monkeypatch):
    """Whoever writes what a call said of refills holds their account first: the other order, the
    refill and then the account, would have each of the two wait for the other."""
    order = make_order(Status.COMPLETED)
    refill = make_refill(RefillStatus.UNCONFIRMED, order=order, requests=1)
    since = NOON + timedelta(minutes=1)
    newest = RequestCall.objects.create(
        provider=order.provider, write=Write.REFILL, worker="w", started_at=since
    )
    Refill.objects.update(call=newest, sent_at=since)
    named = Named(order.form_key, refill.requested_at, order.external_id)
    earlier = JournaledCall(uuid4().hex, Write.REFILL, NOON, [named])
    earlier.outcome = Answered({order.external_id: RefillStarted("77")})
    told = outcome_to_json(Answered({order.external_id: RefillStarted("78")}))
    holds_refill, holds_account = threading.Event(), threading.Event()
    take, look = recalled_requests._take_refill, refill_numbers.given_twice
    looked = list[str]()

    def take_refill(*args: Any, **more: Any) -> bool:
        taken = take(*args, **more)
        holds_refill.set()
        holds_account.wait(2)
        return taken

    def given_twice(outcome: Any, provider: Any) -> dict[str, str]:
        found = look(outcome, provider)
        looked.extend(said.refill_id for said in outcome.rows.values())
        if looked[-1] == "78":
            holds_account.set()
            holds_refill.wait(2)
        return found

    monkeypatch.setattr(recalled_requests, "_take_refill", take_refill)
    monkeypatch.setattr(refill_sends, "given_twice", given_twice)

    def machine(number: int) -> object:
        if number:
            kept = {"call": newest.idempotency_key, "outcome": told}
            return recalled_requests.take_in_kept(kept, now=since)
        return recalled_requests._recall(order.provider_id, [earlier], since)

    assert at_once(machine, 2)[1] is True
    assert sorted(looked) == ["77", "78"], "neither had to be tried again"
    words = "\n".join(order.events.values_list("text", flat=True))
    assert "77" in words and "78" in words
