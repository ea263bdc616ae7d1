"""A kept answer to `add`, read again by what has been learned since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from .answer import Answer
from .dialect import Dialect
from .errors import OutcomeUnknown, RefusalCode, Rejected
from .made import may_be_made
from .strict_json import NotJson, parse
from .verdicts import can_prove, order_placed


@dataclass(frozen=True, slots=True)
class Kept:
    """What went wrong in the provider's words, each sentence with what it is known to mean.

    `refusal` is what these prove. `obstacle` says why no words of this answer can prove one.
    """

    said: tuple[tuple[str, RefusalCode], ...] = ()
    refusal: Rejected | None = None
    obstacle: str = ""


def read_again(evidence: Mapping[str, Any], dialect: Dialect) -> Kept:
    """Judge the answer in this evidence by the same rules as when it came."""
    answer = _answer(evidence)
    if answer is None:
        return Kept()
    said = answer.refusals(dialect)
    if obstacle := _obstacle(answer, evidence):
        return Kept(said, obstacle=obstacle)
    try:
        order_placed(answer, dialect)
    except Rejected as refusal:
        return Kept(said, refusal)
    except OutcomeUnknown:
        pass
    return Kept(said)


def _answer(evidence: Mapping[str, Any]) -> Answer | None:
    """The answer as it came; None when there was none, or none that can be read."""
    excerpt, status = evidence.get("body_excerpt"), evidence.get("http_status")
    if not isinstance(excerpt, str) or type(status) is not int:
        return None
    try:
        body = parse(excerpt.removeprefix("\ufeff"))
    except NotJson:
        return None
    return Answer(
        body=body,
        unreadable="",
        http_status=status,
        content_type=str(evidence.get("content_type", "")),
        excerpt=excerpt,
        sha256=str(evidence.get("body_sha256", "")),
        elapsed_ms=0,
        framed=False,
    )


def _obstacle(answer: Answer, evidence: Mapping[str, Any]) -> str:
    if evidence.get("candidate_id") or may_be_made(answer.body, "order"):
        return "The answer names an order as well: it may have been placed."
    if not can_prove(answer):
        return f"It came with HTTP {answer.http_status}, where no words prove anything."
    if sha256(answer.excerpt.encode()).hexdigest() != answer.sha256:
        return "The answer was not kept whole."
    return ""
