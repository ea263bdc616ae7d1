"""How the provider behaves towards the order under test, and what of that is true."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Classification(Enum):
    """What a worker that lives to read the answer must make of it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    WAITS = "waits"  # refused for now: sent again when the reason has passed
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True, eq=False)
class Mode:
    """`taken` is the truth: the provider carried the order out. `fault` and `phase` tell the
    sandbox; `listens` false: nobody is at the port. `answers`: the head of an answer comes."""

    name: str
    classification: Classification
    taken: bool
    fault: str = ""
    phase: str = "after"
    options: dict[str, Any] = field(default_factory=dict)
    answers: bool = True
    listens: bool = True
    deadline: float = 0.0  # of the call, in seconds, where the usual one would take long


def _before(name: str, classification: Classification, fault: str, **more: Any) -> Mode:
    return Mode(name, classification, taken=False, fault=fault, phase="before", **more)


def _says(name: str, classification: Classification, words: str) -> Mode:
    return _before(name, classification, "error_reply", options={"reason": words})


def _lost(name: str, fault: str, **more: Any) -> Mode:
    """Carried out, but the answer does not say so in a form that proves it."""
    return Mode(name, Classification.UNKNOWN, taken=True, fault=fault, **more)


SHORT = 0.25
_HANG: dict[str, Any] = {
    "answers": False,
    "deadline": SHORT,
    "options": {"seconds": 2 * SHORT},
}

MODES = (
    Mode("accepts", Classification.ACCEPTED, taken=True),
    Mode("slow", Classification.ACCEPTED, taken=True, fault="latency", options={"seconds": 0.03}),
    Mode("nobody there", Classification.NOT_SENT, taken=False, listens=False, answers=False),
    _says("wrong link", Classification.REFUSED, "link"),
    _says("wrong service", Classification.REFUSED, "service"),
    _says("too few", Classification.REFUSED, "Quantity less than minimal 100"),
    _says("dotted code", Classification.REFUSED, "neworder.error.max_quantity"),
    _says("no funds", Classification.WAITS, "funds"),
    _says("link busy", Classification.WAITS, "link_busy"),
    _says("wrong key", Classification.WAITS, "key"),
    _says("rate limit", Classification.WAITS, "rate_limit"),
    _before("unlisted words", Classification.UNKNOWN, "generic_error"),
    _lost("unlisted, taken", "generic_error"),
    _before("bare 429", Classification.UNKNOWN, "http_429"),
    _before("502", Classification.UNKNOWN, "http_502"),
    _lost("502, taken", "http_502"),
    _before("307", Classification.UNKNOWN, "http_307"),
    _lost("303, taken", "http_303"),
    _before("reset", Classification.UNKNOWN, "reset_after_request", answers=False),
    _lost("reset, taken", "reset_after_request", answers=False),
    _lost("closed, taken", "close_after_request", answers=False),
    _before("hangs", Classification.UNKNOWN, "hang", **_HANG),
    _lost("hangs, taken", "hang", **_HANG),
    _lost("cut, length", "truncated_with_length"),
    _lost("cut, no length", "truncated_without_length"),
    _lost("web page", "html"),
    _lost("empty", "empty"),
    _lost("broken JSON", "malformed_json"),
    _lost("compressed", "gzip"),
    _lost("order and error", "order_and_error"),
    _lost("id is true", "bool_id"),
    _lost("reused id", "reused_id"),
)
