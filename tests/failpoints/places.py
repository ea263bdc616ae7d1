"""Where the worker is killed, and what it has left behind there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from core.failpoints import POINTS, armed
from providers.panel_api.http import connection, transport

from .modes import Mode

ROOT = Path(__file__).parents[2]
PRODUCT = ("core", "orders", "providers")


class Left(Enum):
    """What the world knows of the order when the worker is dead."""

    PAYLOAD = "nothing was claimed"
    CLAIM = "claimed, and no whole request has left"
    REQUEST = "the request has left, and no answer is kept"
    KEPT = "the answer is on disk, where there is a spool"
    SETTLED = "the answer is written down"


class Killed(Enum):
    """Which work is cut off. Before the last two the worker that sent was killed already."""

    SENDING = "sending"
    REAPING = "reaping"
    SEARCHING = "searching"


def _always(mode: Mode) -> bool:
    return True


def is_listened_to(mode: Mode) -> bool:
    return mode.listens


def is_answered(mode: Mode) -> bool:
    return mode.answers


def _taken(mode: Mode) -> bool:
    return mode.taken


@dataclass(frozen=True, slots=True)
class Place:
    """`is_reached` says before which providers the worker comes by here at all."""

    name: str
    left: Left
    killed: Killed = Killed.SENDING
    is_reached: Callable[[Mode], bool] = _always


PLACES = (
    Place("place.written", Left.PAYLOAD),
    Place("place.committed", Left.PAYLOAD),
    Place("claim.moved", Left.PAYLOAD),
    Place("claim.written", Left.PAYLOAD),
    Place("claim.committed", Left.CLAIM),
    Place("claim.journaled", Left.CLAIM),
    Place("pre_send_check.passed", Left.CLAIM, is_reached=is_listened_to),
    Place("bytes.marked", Left.CLAIM, is_reached=is_listened_to),
    Place("bytes.half", Left.CLAIM, is_reached=is_listened_to),
    Place("bytes.last", Left.REQUEST, is_reached=is_listened_to),
    Place("answer.head", Left.REQUEST, is_reached=is_answered),
    Place("send.answered", Left.REQUEST),
    Place("send.spooled", Left.KEPT),
    Place("record.begun", Left.KEPT),
    Place("record.attempt", Left.KEPT),
    Place("record.read", Left.KEPT),
    Place("record.moved", Left.KEPT),
    Place("record.committed", Left.SETTLED),
    Place("reap.recorded", Left.REQUEST, Killed.REAPING),
    Place("search.answered", Left.REQUEST, Killed.SEARCHING),
    Place("link.attempt", Left.REQUEST, Killed.SEARCHING, _taken),
    Place("link.moved", Left.REQUEST, Killed.SEARCHING, _taken),
)
IN_THE_CLIENT = frozenset({"bytes.marked", "bytes.half", "bytes.last", "answer.head"})


@cache
def has_its_place(name: str) -> bool:
    """The product has this failpoint in its code: a named point may be waiting for its feature."""
    if name in IN_THE_CLIENT:
        return True
    wanted = f'failpoint("{name}")'
    modules = (path for part in PRODUCT for path in (ROOT / part).rglob("*.py"))
    return any(wanted in path.read_text() for path in modules if "tests" not in path.parts)


@contextmanager
def killing_at(name: str, kill: Callable[[], None]) -> Iterator[None]:
    """Within the block `kill` is called at that place, in the product or in its client."""
    if name in POINTS:
        with armed(name, kill):
            yield
        return
    owner, attribute, wrapped = _in_the_client(name, kill)
    with patch.object(owner, attribute, wrapped):
        yield


def _in_the_client(name: str, kill: Callable[[], None]) -> tuple[Any, str, Callable[..., Any]]:
    """The client names no failpoints: what it calls at that moment is wrapped instead."""
    depart, send = connection.Exchange.depart, connection.MarkedHTTPConnection.send
    answer = transport._answer
    sends = 2 if name == "bytes.last" else 1  # the head of the request, then its body
    made: list[None] = []

    def marked(exchange: connection.Exchange, sock: Any) -> None:
        depart(exchange, sock)
        kill()

    def sent(self: connection.MarkedHTTPConnection, data: Any) -> None:
        send(self, data)
        made.append(None)
        if len(made) == sends:
            kill()

    def head(*args: Any) -> Any:
        kill()
        return answer(*args)

    wrapped: dict[str, tuple[Any, str, Callable[..., Any]]] = {
        "bytes.marked": (connection.Exchange, "depart", marked),
        "bytes.half": (connection.MarkedHTTPConnection, "send", sent),
        "bytes.last": (connection.MarkedHTTPConnection, "send", sent),
        "answer.head": (transport, "_answer", head),
    }
    return wrapped[name]
