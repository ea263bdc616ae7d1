"""What `make chaos` reads of the desk's rows, and which result it comes to."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from orders.models.event import EventKind
from orders.status import HoldReason, Outcome, Status
from tests.builders import NOON, make_attempt, make_event, make_order, make_provider
from tests.chaos import report, rows
from tests.chaos.checker import Bought, Kind, Lost, Shown, Violation
from tests.chaos.controls import Control
from tests.chaos.plan import Terms
from tests.chaos.report import goals, put_into, recovery_figures, result
from tests.chaos.servers import Database, Row


class ThisDatabase(Database):
    """The suite's own, whichever it is."""

    def ask(self, sql: str) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def dump(self, path: Path) -> None:
        raise NotImplementedError

    back_up = restore = dump


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
        order,
        kind=EventKind.MOVED,
        after=Status.UNCONFIRMED,
        text="",
        at=lease + timedelta(seconds=5),
    )
    [doubt] = rows.doubts_in(ThisDatabase())
    assert (doubt.after_start, doubt.after_lease, doubt.has_evidence) == (65, 5, True)


def control(*kinds: Kind) -> Control:
    return Control("late", 300, 20, tuple(Violation(kind, "") for kind in kinds))


def test_a_run_whose_controls_did_no_harm_is_void() -> None:
    assert result([], [control(Kind.DOUBLE), control(Kind.STUCK)]) == "VOID"
    assert result([], [control(Kind.DOUBLE), control(Kind.SILENTLY_WRONG)]) == "holds"


@pytest.mark.services
@pytest.mark.django_db
def test_a_lost_answer_is_timed_until_it_is_replaced() -> None:
    provider = make_provider()
    known = {"unknown_at": NOON, "recorded_at": NOON + timedelta(seconds=4), "calls": 2}
    found, missing = (make_order(Status.UNCONFIRMED, provider=provider) for _ in range(2))
    make_attempt(found, outcome=Outcome.ACCEPTED, resolution="probe", external_id="9", **known)
    make_attempt(missing, outcome=Outcome.UNKNOWN, unknown_at=NOON, recorded_at=NOON)
    assert rows.lost_in(ThisDatabase()) == [
        Lost(found.pk, provider.name, "accepted", "probe", 2, 4.0),
        Lost(missing.pk, provider.name, "unknown", "", 0, None),
    ]


LINK = "https://lumen.example/{}"


def outcome(shown: list[Shown], bought: list[Bought], lost: list[Lost]) -> report.Outcome:
    return report.Outcome(
        Terms(3, 1, "sqlite", 1.5, 0.3),
        1.0,
        len(shown),
        shown,
        bought,
        (),
        (),
        Counter(),
        {},
        3,
        {},
        {},
        1.0,
        1.0,
        lost=lost,
    )


def test_wrong_settlements_and_missed_goals_are_told() -> None:
    bought = [
        Bought("plain-1", str(n), "7", LINK.format(n), 100, Decimal("0.1")) for n in (1, 2, 3)
    ]
    shown = [
        Shown(1, "plain-1", "7", LINK.format(1), 100, "completed", "2", Decimal("0.1")),
        Shown(2, "plain-1", "7", LINK.format(2), 100, "completed", "2", Decimal("0.1")),
        Shown(3, "plain-1", "7", LINK.format(3), 100, "not_placed"),
        Shown(4, "random-1", "7", LINK.format(4), 100, "unconfirmed"),
    ]
    lost = [
        Lost(1, "plain-1", "accepted", "probe", 1, 40.0),
        Lost(2, "plain-1", "accepted", "person", 1, 3.0),
        Lost(3, "plain-1", "not_placed", "bracket", 7, 30.0),
        Lost(4, "random-1", "unknown", "", 0, None),
    ]
    found = outcome(shown, bought, lost)
    told = recovery_figures(found)
    assert (told["answers lost"], told["where ids prove something"]) == (4, 3)
    assert (told["resolved without a person"], told["resolved wrongly"]) == (2, 2)
    assert (told["found after, median s"], told["shown absent after, median s"]) == (40.0, 30.0)
    assert (told["free calls for each, mean"], told["free calls for each, most"]) == (3.0, 7)
    assert told["orders by free calls"] == {1: 2, 7: 1}
    assert [met for _, _, met in goals(found)] == [False] * 4 + [True, False]


def test_a_report_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n<!-- report -->\nold\n<!-- end of report -->\n\nMore.\n")
    put_into(page, "new")
    text = "# Page\n\n<!-- report -->\nnew\n<!-- end of report -->\n\nMore.\n"
    assert page.read_text() == text
