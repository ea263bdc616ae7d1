"""The table once, many calls at a time; `make matrix` also holds the half second and the memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import naive
from .callers import Pass, Provider, Run, call_all, provider, read
from .checker import FAULTS, faults
from .figures import LEAST_MODES, MAY_END, counted, meets
from .mode import BOTH, Outcome
from .modes import BY_NAME, MODES
from .truth import Truth, strictly_read

LATE = 5.0  # this machine may be busy; a call that does not end is later still
PLACES = [(mode.name, over) for mode in MODES for over in mode.over]


@pytest.fixture(scope="module")
def there() -> Iterator[Provider]:
    with provider() as servers:
        yield servers


@pytest.fixture(scope="module")
def called(there: Provider) -> Pass:
    return call_all(there)


@pytest.fixture(scope="module")
def runs(called: Pass) -> dict[tuple[str, str], Run]:
    return {(run.mode.name, run.over): run for run in called.runs}


@pytest.mark.parametrize(("name", "over"), PLACES, ids=[f"{n} ({over})" for n, over in PLACES])
def test_the_client_claims_what_is_so(
    name: str, over: str, runs: dict[tuple[str, str], Run]
) -> None:
    run = runs[name, over]
    assert not faults(run), run
    assert run.seconds < run.mode.deadline + LATE


def test_nobody_is_called_but_the_provider(called: Pass) -> None:
    assert (called.followed, called.proxied) == (0, 0)


def test_an_address_that_is_refused_is_not_even_called(runs: dict[tuple[str, str], Run]) -> None:
    strange = [run for run in runs.values() if not run.mode.known]
    assert len(strange) > 15
    assert [run.name for run in strange if run.truth.connections] == []


def test_every_read_ends_as_unavailable(there: Provider) -> None:
    ended = call_all(there, read)
    assert [(run.name, run.ending) for run in ended.runs if run.ending not in MAY_END] == []
    assert [run.name for run in ended.runs if run.seconds > run.mode.deadline + LATE] == []
    assert (ended.followed, ended.proxied) == (0, 0)


def test_a_careless_client_is_found_out(there: Provider) -> None:
    control = call_all(there, naive.careless(there), only=naive.MODES)
    found = counted(control.runs)
    assert found["false not sent"] >= 6
    assert found["false accepted"] >= 8
    assert found["false rejected"] >= 4
    assert control.followed >= 2


def test_the_table_is_whole() -> None:
    assert len(BY_NAME) == len(MODES) >= LEAST_MODES
    assert set(naive.MODES) <= BY_NAME.keys()
    for expected in set(Outcome) - {Outcome.OTHER}:
        for over in BOTH:
            assert [mode for mode in MODES if mode.expected is expected and over in mode.over]


@pytest.mark.parametrize(
    ("outcome", "truth", "fault"),
    [
        (Outcome.NOT_SENT, Truth(1, request_bytes=1), "false not sent"),
        (Outcome.ACCEPTED, Truth(1, 300, ledger=(), said={"order": 7}), "false accepted"),
        (Outcome.ACCEPTED, Truth(1, 300, ledger=("8",), said={"order": 7}), "false accepted"),
        (Outcome.ACCEPTED, Truth(1, 300, ledger=("7",), said=None), "false accepted"),
        (Outcome.REJECTED, Truth(1, 300, ledger=("7",), said={"error": "no"}), "false rejected"),
        (Outcome.REJECTED, Truth(1, 300, ledger=(), said=None), "false rejected"),
        (Outcome.UNKNOWN, Truth(), "another class than expected"),
    ],
)
def test_a_false_claim_is_found(outcome: Outcome, truth: Truth, fault: str) -> None:
    expected = Outcome.NOT_SENT if outcome is Outcome.UNKNOWN else outcome
    mode = next(mode for mode in MODES if mode.expected is expected)
    assert faults(Run(mode, "plain", outcome, "7", 0.1, truth)) == [fault]


def test_a_true_claim_is_none() -> None:
    mode = BY_NAME["an order"]
    said = Truth(1, 300, ledger=("7",), said={"order": 7})
    assert faults(Run(mode, "plain", Outcome.ACCEPTED, "7", 0.1, said)) == []
    shown = Run(mode, "plain", Outcome.ACCEPTED, "7", 0.1, said, shows_key=True)
    assert faults(shown) == ["key shown"]
    assert FAULTS.keys() >= {"key shown"}


@pytest.mark.parametrize(
    ("said", "means"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b'{"order":7}', {"order": 7}),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b'{"order":7}', {"order": 7}),
        (b"HTTP/1.1 400 No\r\n\r\n" + b'{"error":"no"}', {"error": "no"}),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + b'{"order":7}', None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + b'{"order":7}', None),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + b'{"order":7}', None),
        (b"HTTP/1.1 302 Go\r\n\r\n" + b'{"order":7}', None),
        (b"HTTP/1.1 502 Bad\r\n\r\n" + b'{"order":7}', None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 11", None),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b'{"order":7,"charge":NaN}', None),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b'{"order":7,"Order":8}', None),
        (b'{"order":7}', None),
    ],
)
def test_an_answer_is_read_strictly(said: bytes, means: object) -> None:
    assert strictly_read(said) == means


@pytest.mark.parametrize(
    ("figure", "bar", "met"),
    [
        (60, "at least 60", True),
        (59, "at least 60", False),
        (0.5, "at most 0.5", True),
        (0.51, "at most 0.5", False),
        (0, "0", True),
        (1, "0", False),
        (1, "some", True),
        (0, "some", False),
        (7, "", True),
    ],
)
def test_what_a_bar_means(figure: float, bar: str, met: bool) -> None:
    assert meets(figure, bar) is met
