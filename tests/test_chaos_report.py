"""What `make chaos` reads of the desk's rows, and which verdict it comes to."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from orders.models.event import EventKind
from orders.status import HoldReason, Outcome, Status
from tests.builders import NOON, make_attempt, make_event, make_order, make_provider
from tests.chaos import rows
from tests.chaos.controls import Control
from tests.chaos.judge import Kind, Violation
from tests.chaos.report import verdict
from tests.chaos.servers import Database, Row


class ThisDatabase(Database):
    """The suite's own, whichever it is."""

    def ask(self, sql: str) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def dump(self, path: Path) -> None:
        raise NotImplementedError


@pytest.mark.services
@pytest.mark.django_db
def test_rows_are_read_as_they_are_shown() -> None:
    order = make_order(
        Status.PARTIAL, external_id="77", charge=Decimal("0.123456789012"), units=250
    )
    shown = rows.shown_in(ThisDatabase())[0]
    assert (shown.number, shown.account, shown.status) == (order.pk, order.provider.name, "partial")
    assert (shown.service, shown.link) == (order.service.external_id, order.link)
    assert (shown.external_id, shown.charge) == ("77", Decimal("0.123456789012"))
    assert shown.quantity == 250


@pytest.mark.services
@pytest.mark.django_db
def test_waiting_behind_a_doubt_is_told_from_waiting_behind_an_order() -> None:
    provider = make_provider()
    doubt = make_order(Status.UNCONFIRMED, provider=provider)
    sent = make_order(Status.PENDING, provider=provider)
    busy = HoldReason.LINK_BUSY
    held = [
        make_order(Status.HELD, blocked_by=one, hold_reason=busy, provider=provider)
        for one in (doubt, sent)
    ]
    waiting = {one.number: one.waits_for_doubt for one in rows.shown_in(ThisDatabase())}
    assert [waiting[one.pk] for one in held] == [True, False]
    assert rows.unfinished_in(ThisDatabase()) == 1


@pytest.mark.services
@pytest.mark.django_db
def test_a_doubt_is_timed_from_the_send_that_was_lost() -> None:
    order = make_order(Status.UNCONFIRMED)
    make_attempt(order, outcome=Outcome.NOT_SENT, started_at=NOON, lease_until=NOON)
    later = NOON + timedelta(seconds=100)
    lease = later + timedelta(seconds=60)
    make_attempt(
        order, outcome=Outcome.UNKNOWN, started_at=later, lease_until=lease, reason="It was lost."
    )
    make_event(
        order, kind=EventKind.MOVED, after=Status.UNCONFIRMED, text="",
        at=lease + timedelta(seconds=5),
    )  # fmt: skip
    [doubt] = rows.doubts_in(ThisDatabase())
    assert (doubt.after_start, doubt.after_lease, doubt.has_evidence) == (65, 5, True)


def control(*kinds: Kind) -> Control:
    return Control("late", 300, 20, tuple(Violation(kind, "") for kind in kinds))


def test_a_run_whose_controls_did_no_harm_is_void() -> None:
    assert verdict([], [control(Kind.DOUBLE), control(Kind.STUCK)]) == "VOID"
    assert verdict([], [control(Kind.DOUBLE), control(Kind.SILENTLY_WRONG)]) == "holds"
