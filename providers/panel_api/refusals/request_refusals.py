"""What a refused refill or cancel is told, and what that means for it.

An answer may have several sentences, and any of them may tell of an earlier try: `hear` collects
what all of them say, whatever their order, and `meaning` is the one table of what follows. Both are
asked of an answer just read and of one kept on disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, Flag, auto
from typing import Final, Literal

from ..errors import RefusalCode as Code
from .classify import (
    LONGEST_SENTENCE,
    adds_nothing,
    code_together,
    last_part,
    refusal_code,
    simplified,
    split_sentences,
)
from .phrases import (
    CANCEL_IS_OPEN,
    CANCELED_THERE,
    CANCELED_THERE_CODES,
    NEVER_CANCELED,
    REFILL_IS_OPEN,
    REFILLED_NOT_LONG_AGO,
    REFILLS_USED_UP,
    SENTENCES,
    SERVICE_NOT_REFILLED,
)

What = Literal["refill", "cancel"]


class Says(Flag):
    """What the sentences of an answer say together."""

    UNKNOWN = auto()  # nothing is proven: as by one that nobody has reviewed
    NO = auto()  # not done, and not to be asked for again
    WAIT = auto()  # not done, as it is too early for it
    TOO_MANY = auto()  # not done, as there were too many calls
    REFILL_OPEN = auto()  # a refill is under way there
    CANCEL_OPEN = auto()  # a cancel is
    ONE_OPEN = auto()  # one of them is, whichever was asked for
    CANCELED = auto()  # there is nothing left to cancel
    REQUESTED_LATELY = auto()  # a refill of before is why, for a while
    USED_UP = auto()  # refills of before are why, for good
    REFILL_MAY_BE_WHY = auto()  # not each of them speaks of the service, or of no such order
    CANCEL_MAY_BE_WHY = auto()  # nor of an order that was done
    IS_OPEN = REFILL_OPEN | CANCEL_OPEN | ONE_OPEN
    OF_REQUEST = IS_OPEN | WAIT | CANCELED | REQUESTED_LATELY | USED_UP


NOTHING: Final = Says(0)


class Meaning(Enum):
    """Of a refill or cancel that was refused."""

    UNCLEAR = auto()  # it may have been done
    OPEN = auto()  # it is under way there, by this call or an earlier one
    CANCELED = auto()  # nothing is left to cancel, by this one, an earlier one, or without any
    WAIT = auto()
    TOO_MANY = auto()
    NO = auto()


# The first line that holds. What is said of the other kind alone proves nothing of this one, and
# what nobody has reviewed may say anything.
_TABLE: Final[Mapping[What, Sequence[tuple[Says, Meaning]]]] = {
    "refill": (
        (Says.UNKNOWN, Meaning.UNCLEAR),
        (Says.REFILL_OPEN, Meaning.OPEN),
        (Says.CANCEL_OPEN, Meaning.UNCLEAR),
        (Says.ONE_OPEN, Meaning.OPEN),
        (Says.WAIT, Meaning.WAIT),
        (Says.TOO_MANY, Meaning.TOO_MANY),
    ),
    "cancel": (
        (Says.UNKNOWN, Meaning.UNCLEAR),
        (Says.CANCEL_OPEN, Meaning.OPEN),
        (Says.CANCELED, Meaning.CANCELED),
        (Says.REFILL_OPEN, Meaning.UNCLEAR),
        (Says.ONE_OPEN, Meaning.OPEN),
        (Says.TOO_MANY, Meaning.TOO_MANY),
        (Says.WAIT, Meaning.WAIT),
    ),
}


def meaning(says: Says, what: What) -> Meaning:
    """What follows for the refill or cancel that was told this."""
    return next((means for said, means in _TABLE[what] if said & says), Meaning.NO)


_OF_CODE: Final[Mapping[Code, Says]] = {
    **dict.fromkeys(Code, Says.NO),
    Code.UNLISTED: Says.UNKNOWN,
    Code.WAIT: Says.WAIT,
    Code.RATE_LIMIT: Says.TOO_MANY,
    Code.ALREADY_OPEN: Says.ONE_OPEN,
    # Said of an order that runs or was just placed: here it may be the refill or the cancel.
    Code.LINK_BUSY: Says.UNKNOWN,
    Code.DUPLICATE: Says.UNKNOWN,
}
_OF_PHRASES: Final[Sequence[tuple[Sequence[str], Says]]] = (
    (REFILL_IS_OPEN, Says.REFILL_OPEN),
    (CANCEL_IS_OPEN, Says.CANCEL_OPEN),
    (CANCELED_THERE, Says.CANCELED),
    (REFILLED_NOT_LONG_AGO, Says.REQUESTED_LATELY),
    (REFILLS_USED_UP, Says.USED_UP),
)
_MORE: Final = {simplified(one): says for phrases, says in _OF_PHRASES for one in phrases}
_REVIEWED: Final = frozenset(simplified(one) for phrases in SENTENCES.values() for one in phrases)
# What no earlier request of an order is the reason for, said where another one is asked for.
_NO_SUCH: Final = frozenset({Code.UNSUPPORTED, Code.UNKNOWN_ORDER})
_SERVICE_NOT_REFILLED: Final = frozenset(map(simplified, SERVICE_NOT_REFILLED))
_NEVER_CANCELED: Final = frozenset(map(simplified, NEVER_CANCELED))
_NONE: Final[Mapping[str, Code]] = {}


def hear(said: Sequence[str], additions: Mapping[str, Code] = _NONE) -> tuple[Code, Says]:
    """What all these sentences say, and the code to keep with them: `code_together`, and UNLISTED
    where one proves nothing of a refill or a cancel."""
    codes = [refusal_code(one, additions) for one in said]
    if additions:  # a provider's own word hides none of ours
        codes += [code for one in said if (code := refusal_code(one)) is not Code.UNLISTED]
    says = _says(said, codes) if codes else Says.UNKNOWN
    return Code.UNLISTED if says & Says.UNKNOWN else code_together(codes), says


def said_by(reason: str, code: Code) -> Says:
    """The same of words that were kept with their code alone. Those that may have been cut prove
    nothing."""
    parts = split_sentences(reason)
    known = [one for part in parts if (one := refusal_code(part)) is not Code.UNLISTED]
    says = _says([reason], [code, *known])
    return says | Says.UNKNOWN if len(reason) >= LONGEST_SENTENCE else says


def _says(said: Sequence[str], codes: Sequence[Code]) -> Says:
    says = NOTHING
    for code in codes:
        says |= _OF_CODE[code]
    for one in said:
        for part in (one, *split_sentences(one)):
            says |= _more(part)
    if says & (Says.REFILL_OPEN | Says.CANCEL_OPEN):
        says &= ~Says.ONE_OPEN  # it is known which
    parts = [part for one in said for part in _taken_apart(one) if not adds_nothing(part)]
    if not _all_say_no(parts, _SERVICE_NOT_REFILLED):
        says |= Says.REFILL_MAY_BE_WHY
    if not _all_say_no(parts, _NEVER_CANCELED):
        says |= Says.CANCEL_MAY_BE_WHY
    return says


def _more(part: str) -> Says:
    """What a sentence says beyond its code."""
    if last_part(part) in CANCELED_THERE_CODES:
        return Says.CANCELED
    return _MORE.get(simplified(part), NOTHING)


def _taken_apart(text: str) -> Sequence[str]:
    is_whole = simplified(text) in _REVIEWED or refusal_code(text) in _NO_SUCH
    return [text] if is_whole else split_sentences(text)


def _all_say_no(parts: Sequence[str], of_service: frozenset[str]) -> bool:
    """Each speaks of the call, the service, or an order that is not there: no earlier request is
    why. One that nobody has reviewed may say anything, and so may nothing at all."""
    return bool(parts) and all(
        refusal_code(part) in _NO_SUCH or simplified(part) in of_service for part in parts
    )
