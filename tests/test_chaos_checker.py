"""The checker of `make chaos` sees every kind of harm, on rows made up for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.chaos.checker import (
    Bought,
    Doubt,
    Kind,
    Shown,
    Violation,
    Wanted,
    find_violations,
)
from tests.chaos.findings import fewest_faults

PLACED = Wanted("north", "7", "https://lumen.example/1", 100, acknowledged=True)
LOST_ANSWER = Wanted("north", "7", "https://lumen.example/2", 200, acknowledged=True)
REFUSED = Wanted("south", "9", "https://lumen.example/3", 100, acknowledged=True)
WANTED = (PLACED, LOST_ANSWER, REFUSED)
BOUGHT = (
    Bought("north", "5001", "7", "https://lumen.example/1", 100, Decimal("0.09000")),
    Bought("north", "5004", "7", "https://lumen.example/2", 200, Decimal("0.18001")),
)
SHOWN = (
    Shown(1, "north", "7", "https://lumen.example/1", 100, "completed", "5001", Decimal("0.09")),
    Shown(2, "north", "7", "https://lumen.example/2", 200, "unconfirmed"),
    Shown(3, "south", "9", "https://lumen.example/3", 100, "rejected"),
)
DOUBTS = (Doubt(2, after_start=3.1, after_lease=0, has_evidence=True),)


def kinds(found: Sequence[Violation]) -> set[Kind]:
    return {violation.kind for violation in found}


def shown_with(number: int, **changes: object) -> list[Shown]:
    return [replace(one, **changes) if one.number == number else one for one in SHOWN]  # type: ignore[arg-type]


def test_a_desk_that_knows_what_it_does_not_know_is_acquitted() -> None:
    assert find_violations(WANTED, BOUGHT, SHOWN, DOUBTS) == []


def test_an_order_bought_twice_is_seen_whatever_the_desk_shows() -> None:
    again = replace(BOUGHT[0], id="5009")
    for shown in (SHOWN, shown_with(1, external_id="5009")):
        assert Kind.DOUBLE in kinds(find_violations(WANTED, [*BOUGHT, again], shown))


def test_an_order_in_doubt_that_was_bought_twice_is_seen() -> None:
    again = replace(BOUGHT[1], id="5009")
    assert Kind.DOUBLE in kinds(find_violations(WANTED, [*BOUGHT, again], SHOWN))


def test_one_form_key_that_became_two_orders_is_seen_before_either_is_bought() -> None:
    duplicate = replace(SHOWN[2], number=4)
    assert kinds(find_violations(WANTED, BOUGHT, [*SHOWN, duplicate])) == {Kind.TWICE_AT_DESK}


def test_an_acknowledged_order_that_is_gone_is_lost() -> None:
    assert kinds(find_violations(WANTED, BOUGHT, SHOWN[:2])) == {Kind.LOST}


def test_a_purchase_the_desk_has_no_order_for_is_lost() -> None:
    found = find_violations(WANTED, BOUGHT, [SHOWN[0], SHOWN[2]], with_money=False)
    assert [violation.kind for violation in found] == [Kind.LOST, Kind.LOST]


def test_an_order_the_desk_would_not_take_is_seen() -> None:
    unanswered = replace(REFUSED, acknowledged=False)
    assert kinds(find_violations([*WANTED[:2], unanswered], BOUGHT, SHOWN)) == {Kind.UNANSWERED}


@pytest.mark.parametrize("where", ["ledger", "desk"])
def test_what_nobody_wanted_is_seen(where: str) -> None:
    link = "https://lumen.example/nobody"
    if where == "ledger":
        found = find_violations(WANTED, [*BOUGHT, replace(BOUGHT[0], id="6000", link=link)], SHOWN)
    else:
        found = find_violations(WANTED, BOUGHT, [*SHOWN, replace(SHOWN[2], number=4, link=link)])
    assert Kind.STRAY in kinds(found)


@pytest.mark.parametrize("status", ["queued", "sending", "held", "pending", "in_progress"])
def test_an_order_that_never_ended_is_stuck(status: str) -> None:
    if status in ("queued", "sending", "held"):
        shown = shown_with(3, status=status)
    else:
        shown = shown_with(1, status=status)
    assert kinds(find_violations(WANTED, BOUGHT, shown)) == {Kind.STUCK}


def test_waiting_behind_an_order_in_doubt_is_no_harm() -> None:
    assert find_violations(WANTED, BOUGHT, shown_with(3, status="held", waits_for_doubt=True)) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: shown_with(1, external_id="5002"),
        lambda: shown_with(1, external_id="5004"),
        lambda: shown_with(1, external_id=""),
        lambda: shown_with(1, service="8"),
        lambda: shown_with(2, status="completed", external_id="5001", charge=Decimal("0.09")),
        lambda: shown_with(3, external_id="5001"),
    ],
    ids=[
        "never sold",
        "another's",
        "none at all",
        "of another service",
        "taken by two",
        "of another account",
    ],
)
def test_a_wrong_number_is_seen(spoil: Callable[[], list[Shown]]) -> None:
    assert Kind.WRONG_ID in kinds(find_violations(WANTED, BOUGHT, spoil()))


def test_two_orders_never_share_a_number() -> None:
    duplicate = replace(SHOWN[0], number=9)
    found = find_violations(WANTED, BOUGHT, [*SHOWN, duplicate])
    assert Violation(Kind.WRONG_ID, "5001 is shown by two orders") in found


@pytest.mark.parametrize("status", ["rejected", "not_placed", "withdrawn", "queued", "held"])
def test_an_order_shown_as_not_bought_although_it_was_is_silently_wrong(status: str) -> None:
    assert Kind.SILENTLY_WRONG in kinds(
        find_violations(WANTED, BOUGHT, shown_with(2, status=status))
    )


def test_a_charge_that_differs_in_the_last_digit_is_seen() -> None:
    found = find_violations(WANTED, BOUGHT, shown_with(1, charge=Decimal("0.09001")))
    assert [violation.kind for violation in found] == [Kind.MONEY, Kind.MONEY]


@pytest.mark.parametrize("charge", [None, Decimal(0)], ids=["unknown", "nothing"])
def test_a_charge_that_is_missing_is_seen(charge: Decimal | None) -> None:
    assert kinds(find_violations(WANTED, BOUGHT, shown_with(1, charge=charge))) == {Kind.MONEY}


def test_money_that_is_neither_shown_nor_in_doubt_is_missed() -> None:
    found = find_violations(WANTED, BOUGHT, shown_with(2, status="rejected"))
    words = "north: 0.27001 was charged, 0.09 is shown and 0 is in doubt"
    assert Violation(Kind.MONEY, words) in found


def test_a_doubt_that_shows_too_late_is_seen() -> None:
    late = replace(DOUBTS[0], after_lease=60.1)
    assert kinds(find_violations(WANTED, BOUGHT, SHOWN, [late])) == {Kind.INVISIBLE}


def test_a_doubt_without_a_reason_is_seen() -> None:
    silent = replace(DOUBTS[0], has_evidence=False)
    assert kinds(find_violations(WANTED, BOUGHT, SHOWN, [silent])) == {Kind.NO_EVIDENCE}


@pytest.mark.parametrize(("sends", "fewest"), [(4, 1), (24, 1), (240, 30), (8_000, 1_000)])
def test_a_small_run_is_not_called_quiet_by_chance_alone(sends, fewest):
    assert fewest_faults(0.25, sends) == fewest
