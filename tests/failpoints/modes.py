"""How the provider behaves towards the order under test, and what of that is true."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Verdict(Enum):
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
    verdict: Verdict
    taken: bool
    fault: str = ""
    phase: str = "after"
    options: dict[str, Any] = field(default_factory=dict)
    answers: bool = True
    listens: bool = True
    deadline: float = 0.0  # of the call, in seconds, where the usual one would take long


def _before(name: str, verdict: Verdict, fault: str, **more: Any) -> Mode:
    return Mode(name, verdict, taken=False, fault=fault, phase="before", **more)


def _says(name: str, verdict: Verdict, words: str) -> Mode:
    return _before(name, verdict, "error_reply", options={"reason": words})


def _lost(name: str, fault: str, **more: Any) -> Mode:
    """Carried out, but the answer does not say so in a form that proves it."""
    return Mode(name, Verdict.UNKNOWN, taken=True, fault=fault, **more)


SHORT = 0.25
_HANG: dict[str, Any] = {
    "answers": False,
    "deadline": SHORT,
    "options": {"seconds": 2 * SHORT},
}

MODES = (
    Mode("accepts", Verdict.ACCEPTED, taken=True),
    Mode("slow", Verdict.ACCEPTED, taken=True, fault="latency", options={"seconds": 0.03}),
    Mode("nobody there", Verdict.NOT_SENT, taken=False, listens=False, answers=False),
    _says("wrong link", Verdict.REFUSED, "link"),
    _says("wrong service", Verdict.REFUSED, "service"),
    _says("too few", Verdict.REFUSED, "Quantity less than minimal 100"),
    _says("dotted code", Verdict.REFUSED, "neworder.error.max_quantity"),
    _says("no funds", Verdict.WAITS, "funds"),
    _says("link busy", Verdict.WAITS, "link_busy"),
    _says("wrong key", Verdict.WAITS, "key"),
    _says("rate limit", Verdict.WAITS, "rate_limit"),
    _before("unlisted words", Verdict.UNKNOWN, "generic_error"),
    _lost("unlisted, taken", "generic_error"),
    _before("bare 429", Verdict.UNKNOWN, "http_429"),
    _before("502", Verdict.UNKNOWN, "http_502"),
    _lost("502, taken", "http_502"),
    _before("307", Verdict.UNKNOWN, "http_307"),
    _lost("303, taken", "http_303"),
    _before("reset", Verdict.UNKNOWN, "reset_after_request", answers=False),
    _lost("reset, taken", "reset_after_request", answers=False),
    _lost("closed, taken", "close_after_request", answers=False),
    _before("hangs", Verdict.UNKNOWN, "hang", **_HANG),
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
