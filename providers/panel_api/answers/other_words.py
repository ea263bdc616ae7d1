"""What an answer about a refill or a cancel says in other places than where its error stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from ..errors import RefusalCode
from ..refusals.classify import adds_nothing, refusal_code, simplified
from ..refusals.request_refusals import Says, hear
from ..results import RefillState, Refused
from .decode_orders import BESIDE
from .error_texts import REASON_LENGTH, is_nothing, sentence
from .status_aliases import refill_state

Read = TypeVar("Read")
_DEEPEST: Final = 8
_TOLD_IN: Final = frozenset(
    {"error", "errors", "message", "msg", "detail", "details", "reason", "error_message"}
)
# States of a refill or cancel beside which a refusal may be of one more.
_STATES: Final = frozenset({"refill_status", "cancel_status"})
_ENDED: Final = frozenset({RefillState.COMPLETED, RefillState.REJECTED, RefillState.ERROR})


def other_words(body: Any, said: Sequence[str], refusals: Mapping[str, RefusalCode]) -> list[str]:
    """Words that may mean other than what was `said`: known ones in whatever place, as the code of
    an error or the row of an order beside an error of the whole, and unknown ones where an error is
    told. Whose they are is not read: they take a proof away, and give none. What is deeper than is
    looked through, `made.may_be_made` calls unclear."""
    _, heard = hear(said, refusals)
    if heard & Says.UNKNOWN:
        return []
    same = frozenset(map(simplified, said))
    found = list[str]()
    for text, is_told in dict.fromkeys(_texts(body, _DEEPEST)):
        if simplified(text) in same or is_nothing(text) or adds_nothing(text):
            continue
        if refusal_code(text, refusals) is not RefusalCode.UNLISTED:
            is_other = bool(hear([text], refusals)[1] & ~heard & (Says.UNKNOWN | Says.OF_REQUEST))
        else:
            is_other = is_told
        if is_other:
            found.append(text)
    return found


def beside_rows(
    body: Any, rows: Mapping[str, Read | Refused], refusals: Mapping[str, RefusalCode]
) -> dict[str, Read | Refused]:
    """These rows, of which none is refused beside known words about the whole answer that say
    other than its own. Most answers tell there how the call went, which is nothing of a row."""
    fields = body.values() if isinstance(body, dict) else ()
    outer = {sentence(one) for one in fields if isinstance(one, str)}
    says = {one: hear([one], refusals)[1] for one in sorted(outer)}

    def doubted(row: Read | Refused) -> Read | Refused:
        if not isinstance(row, Refused) or row.says & Says.UNKNOWN:
            return row
        others = [
            one
            for one, heard in says.items()
            if not heard & Says.UNKNOWN and heard & ~row.says & Says.OF_REQUEST
        ]
        words = BESIDE.join([row.reason, *others])[:REASON_LENGTH]
        return Refused(words, is_own=row.is_own) if others else row

    return {one: doubted(row) for one, row in rows.items()}


def _texts(part: Any, depth: int, *, is_told: bool = False) -> Iterator[tuple[str, bool]]:
    """Each text in it, and whether it stands where an error is told."""
    if isinstance(part, str):
        yield sentence(part), is_told
    elif depth and isinstance(part, list):
        for one in part:
            yield from _texts(one, depth - 1, is_told=is_told)
    elif depth and isinstance(part, dict):
        for name, value in part.items():
            lower = name.strip().lower()
            is_open = lower in _STATES and isinstance(value, str) and not _is_ended(value)
            yield from _texts(value, depth - 1, is_told=is_open or lower in _TOLD_IN)


def _is_ended(word: str) -> bool:
    return refill_state(word, {}) in _ENDED
