"""The plan, the blows and the search of `make chaos` are what they claim to be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from core import clocks
from sandbox import Sandbox
from tests.chaos import entry, prices
from tests.chaos.history import History, read_blows, read_terms
from tests.chaos.keysearch import PIECE, contains, kernels, spellings
from tests.chaos.nemesis import FIRST, ON_A_SERVER, PAUSES, STEPS, WEIGHTS, blows_of
from tests.chaos.plan import (
    ACCOUNTS_ON_A_PANEL,
    LINES_IN_A_PASTE,
    QUANTITIES,
    PlannedOrder,
    Terms,
    Way,
    accounts_of,
    first_orders,
    is_random,
    panels_of,
    plan_of,
)
from tests.chaos.recovery import GRACE_SECONDS, LATEST_APPEARANCE_SECONDS
from tests.chaos.sandboxes import LATE_SECONDS, Provider

TERMS = Terms(orders=300, seed=5, database="postgres", kills_every=1.5, faults=0.3)


def names(planned_orders: list[PlannedOrder]) -> list[tuple[str, str, int]]:
    return [(planned.account, planned.link, planned.quantity) for planned in planned_orders]


def test_the_same_seed_is_the_same_plan_and_the_same_blows() -> None:
    assert plan_of(TERMS) == plan_of(TERMS)
    assert list(islice(blows_of(TERMS), 100)) == list(islice(blows_of(TERMS), 100))
    assert plan_of(TERMS) != plan_of(replace(TERMS, seed=6))


def test_account_link_and_quantity_name_a_planned() -> None:
    planned_orders = plan_of(TERMS)
    assert len(set(names(planned_orders))) == len(planned_orders) == 300
    assert any(planned.behind for planned in planned_orders)


def test_a_plan_uses_every_way_and_keeps_a_paste_at_one_account() -> None:
    planned_orders = plan_of(TERMS)
    assert set(Counter(planned.way for planned in planned_orders)) == set(Way)
    for paste in {planned.paste for planned in planned_orders if planned.paste is not None}:
        lines = [planned for planned in planned_orders if planned.paste == paste]
        assert len({planned.account for planned in lines}) == 1


def test_in_a_small_run_no_paste_is_more_than_half_of_what_an_account_gets() -> None:
    for orders, accounts, most in ((300, 28, 5), (300, 12, LINES_IN_A_PASTE), (30, 28, 3)):
        planned_orders = plan_of(replace(TERMS, orders=orders, accounts=accounts, pastes=0.8))
        lines = Counter(planned.paste for planned in planned_orders if planned.paste is not None)
        assert max(lines.values()) == most


def test_every_kind_of_blow_falls_and_servers_are_hurt_where_there_are_any() -> None:
    on_postgres = {blow.kind for blow in islice(blows_of(TERMS), 1000)}
    on_sqlite = {blow.kind for blow in islice(blows_of(replace(TERMS, database="sqlite")), 1000)}
    assert on_postgres == set(WEIGHTS)
    assert on_sqlite == set(WEIGHTS) - set(ON_A_SERVER)


def test_a_history_is_enough_to_do_it_again(tmp_path: Path) -> None:
    blow = next(blows_of(TERMS))
    history = History(tmp_path / "history.jsonl", TERMS)
    history.note("nemesis", planned=blow.at, kind=blow.kind, target=blow.target, amount=blow.amount)
    history.close()
    assert read_terms(tmp_path / "history.jsonl") == TERMS
    assert read_blows(tmp_path / "history.jsonl") == [blow]


def test_more_accounts_are_more_panels_with_all_kinds_of_them() -> None:
    for accounts in (7, 12, 40):
        terms = replace(TERMS, accounts=accounts)
        names = accounts_of(terms)
        assert len(set(names)) == accounts
        assert sum(map(is_random, names)) >= 2
        assert max(len(panel.accounts) for panel in panels_of(terms)) <= ACCOUNTS_ON_A_PANEL
        assert {planned.account for planned in first_orders(terms)} == set(names)
        assert {planned.account for planned in plan_of(terms)} <= set(names)


def test_prices_are_equal_but_for_those_that_stand_behind_another() -> None:
    planned_orders = plan_of(TERMS)
    assert {(w.service, w.quantity) for w in planned_orders if not w.behind} == {(0, QUANTITIES[0])}
    mixed = plan_of(replace(TERMS, prices="mixed"))
    assert len({(planned.service, planned.quantity) for planned in mixed}) == 9


def test_the_share_of_pastes_is_what_was_asked_for() -> None:
    pasted = [
        planned.way is Way.PASTE for planned in plan_of(replace(TERMS, orders=2000, pastes=0.85))
    ]
    assert 0.8 < sum(pasted) / len(pasted) < 0.9


@pytest.mark.parametrize("position", [0, PIECE - 3, 2 * PIECE - 1])
def test_a_key_is_found_wherever_it_stands(tmp_path: Path, position: int) -> None:
    key = "ck+0123/45=%&"
    for spelling in spellings(key):
        path = tmp_path / "log"
        path.write_bytes(b"-" * position + spelling + b"-" * 10)
        assert contains(path, spellings(key))
    path.write_bytes(b"-" * position + b"ck+0123")
    assert not contains(path, spellings(key))


def test_where_a_key_stands_in_any_spelling_its_kernel_stands_too(tmp_path: Path) -> None:
    key, path = "ck+9f86d081884c7d65/1b4f=%&", tmp_path / "log"
    assert len(kernels(spellings(key))) == 2 < len(spellings(key))
    for spelling in spellings(key):
        path.write_bytes(b"- " + spelling + b" -")
        assert contains(path, kernels({*spellings(key), b"another+key"}))
    path.write_bytes(b"ck+/=%&")
    assert not contains(path, kernels(spellings(key)))


def test_the_short_clocks_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*entry.SHORT_CLOCKS, "SEND_CLOCKS"):
        monkeypatch.setattr(clocks, name, getattr(clocks, name))
    entry.shorten_clocks()
    assert PAUSES[0] < clocks.SEND_LEASE_SECONDS < PAUSES[1]  # some freezes outlive a claim
    assert LATE_SECONDS > clocks.PROVIDER_DEADLINE_SECONDS
    assert GRACE_SECONDS >= LATEST_APPEARANCE_SECONDS + 4
    assert list(clocks.SEND_CLOCKS) == sorted(set(clocks.SEND_CLOCKS))
    assert entry.SHORT_CLOCKS["SEND_LEASE_SECONDS"] == clocks.SEND_LEASE_SECONDS


def test_the_clock_of_the_database_steps_at_once_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(clocks, "database_now", lambda: right)
    step = tmp_path / "clock-step"
    entry.step_with(step)
    assert clocks.database_now() == right
    for seconds in (86_400.0, -600.0, 0.0):
        step.write_text(str(seconds))
        assert clocks.database_now() == right + timedelta(seconds=seconds)


def test_every_run_has_a_step_of_the_clock_and_moves_of_prices() -> None:
    for seed in range(20):
        first = list(islice(blows_of(replace(TERMS, seed=seed)), len(FIRST)))
        assert [blow.kind for blow in first] == [kind for kind, *_ in FIRST]
        assert first[0].target == "leap" and first[2].target == "dearer"
        assert all(blow.amount for blow in first if blow.kind == "clock step")


def test_a_steady_run_has_neither_and_is_hurt_all_the_same() -> None:
    blows = islice(blows_of(replace(TERMS, steady=True)), 400)
    kinds = {blow.kind for blow in blows}
    assert not kinds & {"clock step", "price move"} and kinds >= {"kill", "fault mix"}


def test_prices_move_in_every_way_and_come_back(tmp_path: Path) -> None:
    moves = {blow.target for blow in islice(blows_of(TERMS), 2000) if blow.kind == "price move"}
    assert moves == set(prices.MOVES)
    with Sandbox(seed=3, services=30) as box:
        provider = Provider(panels_of(TERMS)[0], tmp_path, 3)
        provider.use(box)
        first = box.services()
        for kind in prices.MOVES:
            prices.move(provider, kind)
            assert box.services() != first, kind
            prices.put_back(provider)
            assert box.services() == first, kind


def test_clocks_step_on_both_databases_and_both_ways() -> None:
    for database in ("sqlite", "postgres"):
        blows = islice(blows_of(replace(TERMS, database=database)), 2000)
        steps = {blow.amount for blow in blows if blow.kind == "clock step"}
        assert steps == set(STEPS)
