"""Every switch of every dialect is heard on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from sandbox import PRESETS, Dialect, Sandbox
from sandbox.protocol.dialect import CHOICES
from sandbox.tests.dialect_cases import CASES, CLOSE, Heard, added, first
from sandbox.tests.raw import answer, ask, exchange, form, http, order_fields


@pytest.fixture
def plain(shared: Sandbox) -> Iterator[Sandbox]:
    shared.reset()
    yield shared
    shared.dialect("seed")


def test_every_switch_and_every_word_of_it_has_a_case() -> None:
    tried = {(name, value) for switches, _ in CASES for name, value in switches.items()}
    plain = Dialect()
    assert {name for name, _ in tried} == {switch.name for switch in fields(Dialect)}
    words = {(name, word) for name, words in CHOICES.items() for word in words}
    assert words - tried == {(name, getattr(plain, name)) for name in CHOICES}


@pytest.mark.parametrize(
    ("switches", "heard"), CASES, ids=[str(switches)[:60] for switches, _ in CASES]
)
def test_a_switch_is_heard(plain: Sandbox, switches: dict[str, Any], heard: Heard) -> None:
    plain.dialect(**switches)
    assert heard(plain)


@pytest.mark.parametrize("switches", [case[0] for case in CASES], ids=str)
def test_the_plain_dialect_is_not_the_switched_one(switches: dict[str, Any]) -> None:
    plain = Dialect()
    assert plain.changed(**switches) != plain


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_spoken_and_left_again(plain: Sandbox, name: str) -> None:
    plain.dialect(name)
    extra = {"request_id": "a"} if name == "opaque" else {}
    assert ask(plain, "add", **order_fields(plain, **extra)).status == 200
    assert len(plain.ledger()) == 1
    plain.dialect("seed")
    assert set(answer(plain, "balance")) == {"balance", "currency"}


@pytest.mark.parametrize(
    "switches", [{"erors": "codes"}, {"errors": "klingon"}, {"page_size": "5"}, {"gap_max": 10_001}]
)
def test_a_switch_that_does_not_exist_is_refused(plain: Sandbox, switches: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        plain.dialect(**switches)
    with pytest.raises(ValueError, match=r"."):
        plain.dialect("no such preset")


def test_a_seed_answer_is_the_published_one(plain: Sandbox) -> None:
    order = added(plain)["order"]
    assert isinstance(order, int)
    row = answer(plain, "status", order=order)
    assert row == {
        "charge": "0.21700",
        "start_count": None,
        "status": "Pending",
        "remains": "20",
        "currency": "USD",
    }
    assert set(first(plain)) == {
        *("service", "name", "type", "category", "rate", "min", "max", "refill", "cancel"),
        *("dripfeed", "description", "average_time"),
    }
    heard = exchange(plain, http(plain, form(plain, "balance"), extra=CLOSE))
    assert heard.headers["content-type"] == "application/json"
