"""What each row is called in the log, in the admin and in messages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest
from django.apps import apps
from django.db.models import Model

from orders import models
from orders.models.poll_schedule import Recheck
from orders.status import HaltKind, JobKind
from providers.models import Service
from tests.builders import NOON

DAY = dt.date(2026, 11, 23)
KEY = UUID(int=5)
NAMES: list[tuple[Model, str]] = [
    (models.Order(pk=7), "#7"),
    (models.Attempt(order_id=7, number=2, outcome="unknown"), "attempt 2 of order 7: unknown"),
    (models.OrderBatch(pk=3), "Mass order 3"),
    (models.OrderBatch(pk=3, name="Spring"), "Spring"),
    (models.BatchLine(batch_id=3, number=4), "line 4 of batch 3"),
    (models.CancelRequest(order_id=7, status="queued"), "cancel request of order 7: queued"),
    (models.Refill(order_id=7, status="queued"), "refill of order 7: queued"),
    (models.RequestCall(pk=9, write="refill", provider_id=2), "refill call 9 to account 2"),
    (models.ChargeEntry(order_id=7, amount=Decimal("0.9")), "0.9 for order 7"),
    (models.OrderEvent(kind="moved", before="queued", after="held"), "moved queued→held"),
    (models.BlockedLink(pattern="bad.example"), "bad.example"),
    (models.PriceTolerance(percent=Decimal("5.00")), "Price tolerance · 5 %"),
    (models.SpendLimit(role="operator", currency="USD"), "operator · USD"),
    (models.SpendDay(person_id=4, currency="USD", day=DAY), "4 · USD · 2026-11-23"),
    (
        models.SpendChange(person_id=4, currency="USD", day=DAY, amount=Decimal("0.9")),
        "4 · USD · 2026-11-23 · 0.9",
    ),
    (models.Halt(kind=HaltKind.STOP), str(HaltKind.STOP.label)),
    (models.Halt(kind=HaltKind.STOP, reason="Why."), f"{HaltKind.STOP.label}: Why."),
    (models.BulkJob(kind=JobKind.NOTE, total=3), f"{JobKind.NOTE.label} · 3"),
    (models.BulkItem(order_id=7, job_id=6), "order 7 of job 6"),
    (models.PollSchedule(order_id=7), "schedule of order 7"),
    (models.Recovery(provider_id=2), "recovery at 2"),
    (models.DatabaseId(key=KEY), KEY.hex),
    (models.UnreadAnswer(name="5-x.json.bad", host="first"), "5-x.json.bad on first"),
    (models.AnswerPlace(host="first"), "answers on first"),
    (models.ReconcileRun(pk=8, state="done"), "reconcile run 8: done"),
    (
        models.JournalGap(provider_id=2, kept_from=NOON),
        "gap of account 2 before 2026-11-23 12:00:00",
    ),
    (Recheck(provider_id=2, through_at=NOON), "account 2: 2026-11-23 12:00"),
    (models.UnmatchedOrder(external_id="23501", account=2), "23501 at account 2"),
    (models.SavedFilter(name="Completed ones"), "Completed ones"),
    (
        models.FavouriteService(service=Service(external_id="41", name="Video plays")),
        "41 · Video plays",
    ),
    (models.Recipe(name="Three times"), "Three times"),
    (models.Statement(provider_id=2, day=DAY), "2 on 2026-11-23"),
    (models.TopUp(amount=Decimal("50")), "50"),
    (models.Discrepancy(pk=11), "Discrepancy 11"),
]


@pytest.mark.parametrize(("row", "name"), NAMES, ids=[name for _, name in NAMES])
def test_a_row_is_called_what_tells_it_apart(row: Model, name: str) -> None:
    assert str(row) == name


def test_every_kind_of_row_has_a_name() -> None:
    kinds = {type(row) for row, _ in NAMES}
    assert {kind.__name__ for kind in apps.get_app_config("orders").get_models()} == {
        kind.__name__ for kind in kinds
    }
