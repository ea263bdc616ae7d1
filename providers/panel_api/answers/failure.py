"""What an answer that names a number says against it: then nobody knows whether it was made.

The number may be that of an earlier order that stood in the way. Such an answer refuses nothing
either, so this list is wider than what proves a refusal: it only takes a proof away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ..errors import RefusalCode
from ..refusals.classify import refusal_code
from .decode import MOST_ROWS, ORDER_ID_NAMES, ORDER_NAMES, WRAPPERS
from .error_texts import FAILED, WORD_NAMES, is_nothing, sentences

Additions = Mapping[str, RefusalCode]
IN_A_FLAG: Final = "The answer says that it failed."

_DEEPEST: Final = 8
_HTTP_FAILURES: Final = range(400, 600)
_LETTERS: Final = re.compile(r"[^a-z]")
_DIGIT: Final = re.compile(r"[1-9]")
_NUMBER: Final = re.compile(r"-?[0-9]{1,4}", re.ASCII)
_FAILED: Final = (FAILED - {"0", "false"}) | {
    *("rejected", "reject", "refused", "declined", "denied", "invalid", "unsuccessful", "not ok"),
}
_NO: Final = _FAILED | {"0", "false", "no", "n", "off", "ko"}


def why_failed(body: Any, number: str, additions: Additions) -> str:
    """What the answer says against the number that it names, in its words where it has any; empty
    where it says nothing against it. What it says of another number is no matter of this one."""
    return next(_against(body, number, additions, _DEEPEST), "")


def why_request_failed(row: dict[str, Any], additions: Additions) -> str:
    """The same of the row of a refill or cancel, where a status may be how it goes on."""
    flags = {name: value for name, value in row.items() if _letters(name) not in _STATES}
    return why_failed(flags, next(iter(_numbers(row, ORDER_NAMES)), ""), additions)


def _against(part: Any, number: str, additions: Additions, depth: int) -> Iterator[str]:
    if not depth:
        return
    if isinstance(part, list):
        rows = part[:MOST_ROWS]
        own = [row for row in rows if number in _numbers(row, ORDER_ID_NAMES)]
        for row in own or rows:
            yield from _against(row, number, additions, depth - 1)
    if not isinstance(part, dict):
        return
    named = _numbers(part, ORDER_NAMES)
    if named and number not in named:
        return  # a neighbour's row
    for name, value in part.items():
        letters = _letters(name)
        if letters in _WRAPPERS and isinstance(value, dict | list):
            yield from _against(value, number, additions, depth - 1)
        elif said := _TABLE.get(letters, _nothing)(value, additions):
            yield said


def _numbers(row: Any, names: tuple[str, ...]) -> set[str]:
    """As they are written there: what has no digit but 0 is none."""
    fields = row.items() if isinstance(row, dict) else ()
    named = (value for name, value in fields if name.strip().lower() in names)
    written = (str(value).strip() for value in named if isinstance(value, int | str))
    return {one for one in written if _DIGIT.search(one)}


def _letters(name: str) -> str:
    return _LETTERS.sub("", name.lower())


def _nothing(value: Any, additions: Additions) -> str:
    return ""


def _an_error(value: Any, additions: Additions) -> str:
    if is_nothing(value):
        return ""
    return next(iter(sentences(value)), IN_A_FLAG)


def _no(value: Any, additions: Additions) -> str:
    is_no = not isinstance(value, dict | list) and str(value).strip().lower() in _NO
    return IN_A_FLAG if is_no else ""


def _words(value: Any, additions: Additions) -> str:
    """A word of failure, or a sentence that is known to refuse."""
    if isinstance(value, str) and value.strip().lower() in _FAILED:
        return IN_A_FLAG
    said = sentences(value)
    return next((one for one in said if refusal_code(one, additions) != RefusalCode.UNLISTED), "")


def _outcome(value: Any, additions: Additions) -> str:
    """As `_words`, or a number that everybody means the same by: below nothing, or a failure in
    HTTP. Other numbers are states, which providers number as they like; 0 may be the first."""
    text = str(value).strip().lower() if isinstance(value, int | str) else ""
    number = int(text) if _NUMBER.fullmatch(text) else 0
    if text == "false" or number < 0 or number in _HTTP_FAILURES:
        return IN_A_FLAG
    return _words(value, additions)


_STATES: Final = frozenset({"status", "state", "orderstatus", "refillstatus", "cancelstatus"})
_WRAPPERS: Final = frozenset(map(_letters, WRAPPERS))
_TABLE: Final[Mapping[str, Callable[[Any, Additions], str]]] = {
    **dict.fromkeys((*map(_letters, WORD_NAMES), *_WRAPPERS - {"order"}), _words),
    **dict.fromkeys(("statusmessage", "statustext", "resultmessage", "responsemessage"), _words),
    **dict.fromkeys((*_STATES, "result", "outcome", "code", "statuscode", "errorcode"), _outcome),
    **dict.fromkeys(("httpcode", "httpstatus", "responsecode", "resultcode"), _outcome),
    **dict.fromkeys(("success", "successful", "succeeded", "issuccess", "issuccessful"), _no),
    **dict.fromkeys(("ok", "isok", "accepted", "placed"), _no),
    **dict.fromkeys(("error", "errors", "errormessage", "errormessages", "errormsg"), _an_error),
    **dict.fromkeys(("errortext", "errordescription", "errordetails", "errorinfo"), _an_error),
    **dict.fromkeys(("errorresponse", "failurereason", "failreason", "iserror"), _an_error),
    **dict.fromkeys(("haserror", "haserrors", "fail", "failed", "failure"), _an_error),
}
