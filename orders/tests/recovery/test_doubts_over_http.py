"""Lost, not understood and contradicting answers are different things."""

from __future__ import annotations

from typing import Any

import pytest

from core import clocks
from orders.models import Attempt, Halt, Order
from orders.recovery import link_orders, not_placed
from orders.status import Doubt, HaltKind, Outcome, Status
from providers.connect import client_for
from tests.builders import make_user

from .bench import GRACE, Bench

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.mark.parametrize(
    ("mode", "doubt"),
    [
        ("http_502", Doubt.LOST),
        ("reset_after_request", Doubt.LOST),
        ("empty_list", Doubt.NOT_UNDERSTOOD),
    ],
)
def test_why_nobody_knows_has_a_code_and_only_what_was_lost_counts_for_the_limit(box, mode, doubt):
    bench = Bench(box, lost_in_a_row=2)
    for _ in range(2):
        bench.lift_halt()
        box.fault(mode, "after", action="add", times=1)
        bench.send()
    assert set(Attempt.objects.values_list("outcome", "code")) == {(Outcome.UNKNOWN, doubt)}
    stopped = Halt.objects.standing().filter(kind=HaltKind.EXPOSURE).exists()
    assert stopped == (doubt is Doubt.LOST)


def test_a_refusal_that_says_it_is_there_reopens_the_doubt(box):
    bench = Bench(box)
    box.dialect(link_guard=True)
    lost = bench.lose(taken=True)
    bench.wait(GRACE + 1)
    boss = make_user()
    assert (
        not_placed.confirm_not_placed(lost, actor=boss, now=bench.now) is not_placed.Confirmed.DONE
    )
    lost = Order.objects.get(pk=lost.pk)
    assert lost.move(Status.QUEUED, now=bench.now)
    lost = bench.send(lost)
    assert (lost.status == Status.UNCONFIRMED and "already" in lost.reason) or "now" in lost.reason
    for _ in range(6):
        bench.recover(after=GRACE)
    assert Order.objects.get(pk=lost.pk).status == Status.UNCONFIRMED
    assert len(bench.upstream()) == 1 and bench.may_buy()
    assert Attempt.objects.get(order=lost, outcome=Outcome.UNKNOWN).code == Doubt.IS_THERE


def test_what_was_reopened_can_be_linked(box):
    test_a_refusal_that_says_it_is_there_reopens_the_doubt(box)
    lost = Order.objects.get()
    number = str(box.ledger()[0]["id"])
    told: dict[str, Any] = {"client": client_for(lost.provider), "clock": clocks.database_now}
    try:
        linked = link_orders.link_order(lost, number, actor=make_user(), **told)
    except link_orders.ChargeDiffers as asked:
        told["although_charge_differs"] = asked.consent
        linked = link_orders.link_order(lost, number, actor=make_user(), **told)
    assert linked
    lost.refresh_from_db()
    assert lost.external_id == number
