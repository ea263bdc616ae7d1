"""A kept answer to `add`, read again by what has been learned since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from ..dialect import Dialect
from ..errors import OutcomeUnknown, RefusalCode, Rejected
from ..made import candidate_id, may_be_made
from .answer import Answer, can_prove, order_placed
from .decode import SUCCEEDED
from .error_texts import CODE_NAMES, is_nothing
from .status_aliases import order_state
from .strict_json import NotJson, parse

_DEEPEST: Final = 8
_OF_ERRORS: Final = frozenset({"error", "errors"})
_OF_THE_CALL: Final = frozenset({"success", "status", "ok"})
_WELL: Final = SUCCEEDED | {"1", "200", "201"}


@dataclass(frozen=True, slots=True)
class Kept:
    """What went wrong in the provider's words, each sentence with what it is known to mean.

    `refusal` is what these prove. `obstacle` says why no words of this answer can prove one.
    """

    said: tuple[tuple[str, RefusalCode], ...] = ()
    refusal: Rejected | None = None
    obstacle: str = ""


def read_again(evidence: Mapping[str, Any], dialect: Dialect) -> Kept:
    """Classify the answer in this evidence by the same rules as when it came."""
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


def named_without_a_word_against_it(evidence: Mapping[str, Any]) -> str:
    """The only id in this answer to `add` where nothing else in it says anything but that all went
    well; empty for every other answer. It is no proof: the shape of the answer is not known."""
    answer = _answer(evidence)
    if answer is None or not answer.is_success or not _says_no_more(answer.body):
        return ""
    return candidate_id(answer.body)


def _says_no_more(part: Any, depth: int = _DEEPEST) -> bool:
    """Numbers, where an order is, and that the call went well."""
    if isinstance(part, list):
        return bool(depth) and all(_says_no_more(one, depth - 1) for one in part)
    if isinstance(part, dict):
        named = ((name.strip().lower(), value) for name, value in part.items())
        return bool(depth) and all(_field_says_no_more(*field, depth - 1) for field in named)
    if not isinstance(part, str) or not part.strip():
        return part is not True  # "duplicate": true
    word = part.strip().lower()
    is_number = not any(letter.isalpha() for letter in word)
    return is_number or word in SUCCEEDED or order_state(part) is not None


def _field_says_no_more(name: str, value: Any, depth: int) -> bool:
    if name in _OF_ERRORS:
        return is_nothing(value)
    word = str(value).strip().lower()
    if name in _OF_THE_CALL and not isinstance(value, dict | list):
        return word in _WELL or (not word.isdecimal() and order_state(word) is not None)
    return word in _WELL if name in CODE_NAMES else _says_no_more(value, depth)


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
