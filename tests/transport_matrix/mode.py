"""What one row of the table says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from providers.panel_api import (
    CustomCommentsPayload,
    NotSent,
    OrderPayload,
    OutcomeUnknown,
    PackagePayload,
    Placed,
    Rejected,
)
from providers.panel_api.tests.servers import Behaviour

PLAIN, TLS = "plain", "TLS"
BOTH: Final = (PLAIN, TLS)
HOST: Final = "127.0.0.1"
DEADLINE: Final = 0.6

LINK = "https://shop.example/new"
USUAL = PackagePayload(service_id="1", link=LINK)
LONG = CustomCommentsPayload(service_id="1", link=LINK, comments=("Good to know " * 7,) * 2200)


class Outcome(StrEnum):
    """What the client may claim, by the names of its errors; OTHER must never be seen."""

    NOT_SENT = "not sent"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    OTHER = "other"

    @classmethod
    def of(cls, ending: object) -> Outcome:
        for kind, outcome in _ENDINGS:
            if isinstance(ending, kind):
                return outcome
        return cls.OTHER


_ENDINGS: Final = (
    (NotSent, Outcome.NOT_SENT),
    (OutcomeUnknown, Outcome.UNKNOWN),
    (Rejected, Outcome.REJECTED),
    (Placed, Outcome.ACCEPTED),
)


class Listener(StrEnum):
    """How the server lets somebody in."""

    OPEN = "open"
    RAW = "raw"  # under https too: the behaviour stands in for the handshake
    REFUSING = "refusing"
    FULL = "full"


def pass_through() -> None:
    """The pre-send check of a caller who has nothing against it."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way a call can go. `expected` is what `PanelClient.add` must make of it.

    `or_else` is for races between the two sides: it is right too where it is true.

    `takes`: a request that the server reads whole is in its ledger from then on. `shows` names the
    certificate under TLS. What follows is the caller's side: `url` with `{scheme}` and `{port}`,
    whether it is `known` (allowed on this machine), the pre-send check, the payload, the options
    of the transport.
    """

    name: str
    expected: Outcome
    behave: Behaviour
    over: tuple[str, ...] = BOTH
    or_else: tuple[Outcome, ...] = ()
    takes: bool = True
    listener: Listener = Listener.OPEN
    shows: str = "good"
    small_windows: bool = False
    url: str = "{scheme}://127.0.0.1:{port}/api/v2"
    known: bool = True
    pre_send_check: Callable[[], None] = pass_through
    payload: OrderPayload = USUAL
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def deadline(self) -> float:
        return float(self.options.get("deadline", DEADLINE))


def refuse() -> None:
    raise NotSent("The stop switch is on.")


def fail() -> None:
    raise BrokenPipeError("not of the connection, of the pre-send check")


def dawdle() -> None:
    time.sleep(DEADLINE + 0.1)
