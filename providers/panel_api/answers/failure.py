"""What an answer that names a number says against it: then nobody knows whether it was made.

The number may be that of an earlier order that stood in the way. Such an answer refuses nothing
either, so this list is wider than what proves a refusal: it only takes a proof away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..errors import RefusalCode
from ..refusals.classify import normalised, refusal_code
from .decode import MOST_ROWS, ORDER_ID_NAMES, ORDER_NAMES, SUCCEEDED, WRAPPERS
from .error_texts import FAILED, WORD_NAMES, OwnWords, is_nothing, says_success_in_http, sentences

Additions = Mapping[str, RefusalCode]
IN_A_FLAG: Final = OwnWords("The answer says that it failed.")

_DEEPEST: Final = 8
_HTTP_FAILURES: Final = range(400, 600)
_LETTERS: Final = re.compile(r"[^a-z]")
_DIGIT: Final = re.compile(r"[1-9]")
_NUMBER: Final = re.compile(r"-?[0-9]{1,4}", re.ASCII)
_FAILED: Final = (FAILED - {"0", "false"}) | {
    *("rejected", "reject", "refused", "declined", "denied", "invalid", "unsuccessful", "not ok"),
    "nok",
}
_NO: Final = _FAILED | {"0", "false", "no", "n", "off", "ko"}
_NO_OUTCOME: Final = _NO - {"0", "off"}  # a state may be any number, and off
_YES: Final = SUCCEEDED | {"1", "yes", "y"}
# The whole text: "another order is in progress" tells of an order that stands in the way.
_TOLD_TAKEN: Final = re.compile(
    r"(?:(?:your|the|new) )?(?:order )?(?:#+ )?(?:(?:is|was|has been) )?(?:successfully )?"
    r"(?:created|placed|accepted|received|submitted|queued|added)(?: successfully)?"
)


@dataclass(frozen=True, slots=True)
class _Reader:
    """What is known of the answer around one field: the `harmless` refusals are no objection, and
    `is_well` says that a neighbour of the field tells of success."""

    additions: Additions
    harmless: frozenset[RefusalCode] = frozenset({RefusalCode.UNLISTED})
    is_well: bool = False

    def objects(self, text: str) -> bool:
        return refusal_code(text, self.additions) not in self.harmless


def why_failed(body: Any, number: str, additions: Additions) -> str:
    """What the answer says against the number that it names, in its words where it has any; empty
    where it says nothing against it. What it says of another number is no matter of this one."""
    return next(_against(body, number, _Reader(additions), _DEEPEST), "")


def why_request_failed(row: dict[str, Any], additions: Additions, *, is_taken: bool) -> str:
    """The same of the row of a refill or cancel, where a status may be how it goes on. Beside one
    that `is_taken` it is no objection that it is there already."""
    reader = _Reader(additions)
    if is_taken:
        reader = replace(reader, harmless=reader.harmless | {RefusalCode.ALREADY_OPEN})
    flags = {name: value for name, value in row.items() if not _is_how_it_goes_on(name, value)}
    return next(_against(flags, next(iter(_numbers(row, ORDER_NAMES)), ""), reader, _DEEPEST), "")


def _is_how_it_goes_on(name: str, value: Any) -> bool:
    is_word = isinstance(value, str) and value.strip().lower() not in FAILED
    return is_word and _letters(name) in _STATES


def _against(part: Any, number: str, reader: _Reader, depth: int) -> Iterator[str]:
    if not depth:
        return
    if isinstance(part, list):
        rows = part[:MOST_ROWS]
        own = [row for row in rows if number in _numbers(row, ORDER_ID_NAMES)]
        for row in own or rows:
            yield from _against(row, number, reader, depth - 1)
    if not isinstance(part, dict):
        return
    named = _numbers(part, ORDER_NAMES)
    if named and number not in named:
        return  # a neighbour's row
    reader = replace(reader, is_well=reader.is_well or _tells_of_success(part))
    for name, value in part.items():
        letters = _letters(name)
        if letters in _WRAPPERS and isinstance(value, dict | list):
            yield from _against(value, number, reader, depth - 1)
        elif said := _TABLE.get(letters, _nothing)(value, reader):
            yield said


def _tells_of_success(row: dict[str, Any]) -> bool:
    words = [(_letters(name), str(value).strip().lower()) for name, value in row.items()]
    return any(
        word in _YES
        if name in _FLAGS
        else name in _TELLING and (word in SUCCEEDED or _is_told_taken(word))
        for name, word in words
    )


def _is_told_taken(text: str) -> bool:
    return bool(_TOLD_TAKEN.fullmatch(normalised(text)))


def _numbers(row: Any, names: tuple[str, ...]) -> set[str]:
    """As they are written there: what has no digit but 0 is none."""
    fields = row.items() if isinstance(row, dict) else ()
    named = (value for name, value in fields if name.strip().lower() in names)
    written = (str(value).strip() for value in named if isinstance(value, int | str))
    return {one for one in written if _DIGIT.search(one)}


def _letters(name: str) -> str:
    return _LETTERS.sub("", name.lower())


def _nothing(value: Any, reader: _Reader) -> str:
    return ""


def _an_error(value: Any, reader: _Reader) -> str:
    if is_nothing(value):
        return ""
    return next(iter(sentences(value)), IN_A_FLAG)


def _error_code(value: Any, reader: _Reader) -> str:
    return "" if says_success_in_http(value) else _an_error(value, reader)


def _error_message(value: Any, reader: _Reader) -> str:
    """Some tell there how it went well, too."""
    said = sentences(value)
    known = reader.harmless - {RefusalCode.UNLISTED}
    is_harmless = (
        _is_told_taken(one) or refusal_code(one, reader.additions) in known for one in said
    )
    return "" if said and all(is_harmless) else _an_error(value, reader)


def _no(value: Any, reader: _Reader) -> str:
    is_no = not isinstance(value, dict | list) and str(value).strip().lower() in _NO
    return IN_A_FLAG if is_no else ""


def _words(value: Any, reader: _Reader) -> str:
    """A word of failure, or a sentence that is known to refuse."""
    if isinstance(value, str) and value.strip().lower() in _FAILED:
        return IN_A_FLAG
    return next((one for one in sentences(value) if reader.objects(one)), "")


def _outcome_in_words(value: Any, reader: _Reader) -> str:
    is_no = isinstance(value, int | str) and str(value).strip().lower() in _NO_OUTCOME
    return IN_A_FLAG if is_no else _words(value, reader)


def _outcome(value: Any, reader: _Reader) -> str:
    """As `_outcome_in_words`, or a number that everybody means the same by: below nothing, or a
    failure in HTTP. Other numbers are states, which providers number as they like."""
    text = str(value).strip() if isinstance(value, int | str) else ""
    number = int(text) if _NUMBER.fullmatch(text) else 0
    if number < 0 or number in _HTTP_FAILURES:
        return IN_A_FLAG
    return _outcome_in_words(value, reader)


def _code(value: Any, reader: _Reader) -> str:
    """Beside what tells of success the number may be that of a transaction, say."""
    return (_outcome_in_words if reader.is_well else _outcome)(value, reader)


_STATES: Final = frozenset({"status", "state", "orderstatus", "refillstatus", "cancelstatus"})
_FLAGS: Final = frozenset(
    {"success", "successful", "succeeded", "issuccess", "issuccessful", "ok", "isok"}
)
_WRAPPERS: Final = frozenset(map(_letters, WRAPPERS))
_MESSAGES: Final = frozenset(map(_letters, WORD_NAMES)) | {
    *("messages", "msgs", "statusmessage", "statustext", "resultmessage", "responsemessage"),
}
_TELLING: Final = _STATES | _MESSAGES | {"result", "outcome"}
_TABLE: Final[Mapping[str, Callable[[Any, _Reader], str]]] = {
    **dict.fromkeys(_MESSAGES, _words),
    **dict.fromkeys(_WRAPPERS - {"order", "result", "response"}, _outcome_in_words),
    **dict.fromkeys((*_STATES, "result", "response", "outcome", "statuscode"), _outcome),
    **dict.fromkeys(("httpcode", "httpstatus", "responsecode", "resultcode"), _outcome),
    **dict.fromkeys(("accepted", "placed"), _outcome),
    "code": _code,
    **dict.fromkeys(_FLAGS, _no),
    **dict.fromkeys(("errorcode", "errorno", "errno", "errcode"), _error_code),
    **dict.fromkeys(("errormessage", "errormessages", "errormsg", "errmsg"), _error_message),
    **dict.fromkeys(("errortext", "errordescription", "errordetails"), _error_message),
    **dict.fromkeys(("error", "errors", "err", "errorinfo", "errorresponse"), _an_error),
    **dict.fromkeys(("failurereason", "failreason", "iserror", "haserror"), _an_error),
    **dict.fromkeys(("haserrors", "fail", "failed", "failure"), _an_error),
}
