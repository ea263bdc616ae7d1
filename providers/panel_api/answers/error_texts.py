"""What an answer says went wrong, in the provider's own words."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Any, Final

from ..refusals.classify import LONGEST_SENTENCE, adds_nothing, normalised, refusal_code
from . import coerce
from .decode import at_path


class OwnWords(str):
    """A sentence of the desk where one of the provider would stand: it is not quoted as theirs."""

    __slots__ = ()


ERROR_NAMES: Final = frozenset({"error", "errors", "status", "success", "message", "msg", "detail"})
# Where an answer with an error may say more, and other than the error does.
WORD_NAMES: Final = (
    *("message", "msg", "detail", "details", "description", "info", "note", "notice", "warning"),
    *("warnings", "reason", "text"),
)
FAILED: Final = frozenset({"error", "fail", "failed", "failure", "false", "0"})
REASON_LENGTH: Final = LONGEST_SENTENCE
UNREAD: Final = OwnWords("It said more than is read.")  # no reviewed sentence, and never one
_NO_ERROR: Final = frozenset(
    {"false", "no", "none", "null", "nil", "n a", "undefined", "ok", "success", "successful"}
    | {"no error", "no errors", "without error", "without errors"}
)
_ZEROS: Final = re.compile(r"[0.]+", re.ASCII)
_DASHES: Final = "-–—_" + string.whitespace  # of other signs words may be left: "????"
CODE_NAMES: Final = frozenset({"code", "error_code", "status_code", "http_code"})
_CODE_OF_SUCCESS: Final = re.compile(r"2[0-9][0-9]", re.ASCII)
_DEEPEST: Final = 8
_MOST_SENTENCES: Final = 20
_ORDER_ROW: Final = frozenset({"charge", "remains", "start_count"})


def is_nothing(value: Any, depth: int = _DEEPEST) -> bool:
    """Where errors are told this says that there is none, as does a list or an object of nothing
    else, in which a code of success says nothing."""
    if isinstance(value, dict):
        speaking = [one for name, one in value.items() if not _is_code_of_success(name, one)]
        return is_nothing(speaking, depth)
    if isinstance(value, list):
        return not value or (bool(depth) and all(is_nothing(one, depth - 1) for one in value))
    if isinstance(value, str):
        text = value.strip()
        is_bare = not text.strip(_DASHES) or bool(_ZEROS.fullmatch(text))
        return is_bare or normalised(text) in _NO_ERROR
    return value in (None, False, 0)


def _is_code_of_success(name: str, value: Any) -> bool:
    return name.strip().lower() in CODE_NAMES and says_success_in_http(value)


def says_success_in_http(value: Any) -> bool:
    return isinstance(value, int | str) and bool(_CODE_OF_SUCCESS.fullmatch(str(value).strip()))


def sentence(said: str) -> str:
    """One sentence of a provider. What is longer than is read is one sign longer, and is so told
    from what ends there."""
    return coerce.text(said, REASON_LENGTH + 1)


def error_texts(body: Any, http_status: int = 200) -> tuple[str, ...]:
    """What the provider says went wrong, in its own words; empty when it says nothing did. Each is
    a `sentence`, and UNREAD stands for what was not read."""
    if not isinstance(body, dict):
        return ()
    row: dict[str, Any] = {}
    for name, value in body.items():
        if (lower := name.strip().lower()) in ERROR_NAMES:
            row[lower] = row.get(lower) or value
    if not row:
        return ()
    message = _first_text(row.get("message"), row.get("msg"), row.get("detail"))
    speaking = [name for name in ("error", "errors") if not is_nothing(row.get(name))]
    if speaking:
        said = [text for name in speaking for text in sentences(row[name])] or [message or "error"]
        return tuple(dict.fromkeys([*said, *_more_words(body)]))
    failed = _failed(row) and not _ORDER_ROW & body.keys()
    if message and (failed or http_status >= 400):
        return (message,)
    if failed and (inner := _first_text(at_path(body, ("data", "msg")))):
        return (inner,)
    return ()


def _more_words(body: dict[str, Any]) -> Iterator[str]:
    """What stands beside an error in words of its own: it may be told there that the order was
    taken all the same."""
    for name, value in body.items():
        if name.strip().lower() in WORD_NAMES:
            yield from (text for text in sentences(value) if not adds_nothing(text))


def _failed(row: dict[str, Any]) -> bool:
    status, success = row.get("status"), row.get("success", True)
    return status is False or str(status).lower() in FAILED or str(success).lower() in FAILED


def _first_text(*values: Any) -> str:
    for value in values:
        if isinstance(value, str) and value.strip():
            return sentence(value)
    return ""


def sentences(said: Any, depth: int = _DEEPEST) -> tuple[str, ...]:
    """Sentences out of a text, a list, an object with a message, or lists by field name."""
    if isinstance(said, str):
        return (sentence(said),) if said.strip() else ()
    if said and not depth and isinstance(said, list | dict):
        return (UNREAD,)
    if isinstance(said, list):
        parts = (sentences(part, depth - 1) for part in said[:_MOST_SENTENCES])
        texts = tuple(text for part in parts for text in part)
        return texts if len(said) <= _MOST_SENTENCES else (*texts, UNREAD)
    return _of_object(said, depth) if isinstance(said, dict) else ()


def _of_object(said: dict[str, Any], depth: int) -> tuple[str, ...]:
    """One sentence of an error that is an object: the first that is known, be it a code."""
    named = {name.strip().lower(): value for name, value in said.items()}
    spoken = [named.get(name) for name in ("message", "msg", "error", "code", "type")]
    texts = [sentence(text) for text in spoken if isinstance(text, str)]
    if not texts:
        return sentences(list(said.values()), depth - 1)
    listed = (text for text in texts if refusal_code(text) != "unlisted")
    return (next(listed, texts[0]),)
