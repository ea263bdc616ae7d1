"""What a refusal means, by the reviewed sentences and codes and a provider's own additions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from ..errors import RefusalCode as Code
from .phrases import (
    CANCEL_IS_OPEN,
    CANCELED_THERE,
    CANCELED_THERE_CODES,
    DOTTED,
    FIELD_WORDS,
    HEADS,
    NEVER_CANCELED,
    PROVES_NOTHING,
    REFILL_IS_OPEN,
    REFILLED_NOT_LONG_AGO,
    REFILLS_USED_UP,
    SENTENCES,
    SERVICE_NOT_REFILLED,
    TAILS,
)

# Refusals that an answer to `add` can prove; an order or refill id has no place there.
PROVE_NOT_PLACED: Final = frozenset(Code) - {
    *(Code.UNLISTED, Code.UNKNOWN_ORDER, Code.UNKNOWN_REFILL, Code.WAIT, Code.ALREADY_OPEN)
}
# What no earlier refill of an order is the reason for, said where another one is asked for.
NO_SUCH: Final = frozenset({Code.UNSUPPORTED, Code.UNKNOWN_ORDER})

# What staff may say that a sentence means, in words for them.
MEANINGS: Final[Mapping[Code, str]] = {
    Code.FUNDS: "not enough money on the account",
    Code.LINK_BUSY: "an order with this link is still running there",
    Code.RATE_LIMIT: "too many requests",
    Code.KEY: "our key is not accepted",
    Code.INACTIVE: "our account there is closed or suspended",
    Code.SERVICE: "it does not have this service",
    Code.LINK: "it does not take this link",
    Code.BELOW_MIN: "the quantity is too small",
    Code.ABOVE_MAX: "the quantity is too large",
    Code.QUANTITY: "the quantity is wrong",
    Code.INVALID_FIELD: "another field is missing or wrong",
    Code.DUPLICATE: "the same order was placed a moment ago",
}

_NUMBER = re.compile(r"(?<![^\W\d_])\d[\d.,]*")
_SEPARATORS = re.compile(r"[^\w#]+")
_EMPTY_WORDS = re.compile(
    rf"\b(?:{'|'.join(sorted(map(re.escape, PROVES_NOTHING), key=len, reverse=True))})\b"
)
_CODE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+|[a-z]+(?:_[a-z]+)+", re.ASCII)
_WAIT = re.compile(
    r"\b(?:in|after|wait|another)\s+(\d{1,4}|an?|one)\s*(second|sec|minute|min|hour|h|day|s\b)"
)
_SPACING = re.compile(r"\bless than\s+(\d{1,4})\s*(second|sec|minute|min|hour|h|day)s?\s+ago")
_SECONDS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "day": 86400,
}
LONGEST_SENTENCE: Final = 300
_MOST_PARTS = 6
_CURRENCIES = (
    "usd|eur|gbp|inr|brl|try|rub|idr|ngn|php|vnd|pkr|bdt|thb|usdt|uah|kzt|irt|toman|aed|cny|mxn"
)
_AMOUNT = re.compile(rf"\b(?:{_CURRENCIES})\s#|#\s(?:{_CURRENCIES})\b")
_ARTICLE = re.compile(r"\b(?:the|an|a)\s")
_BETWEEN = re.compile(r"[.!?;:|,\n…]+(?:\s+|$)|[()\[\]]+|\s+[-–—]+\s+")


def normalised(sentence: str) -> str:
    """Lower case words with single spaces, numbers as `#`; what sentences are compared by."""
    words = sentence[: LONGEST_SENTENCE + 1].casefold().replace("_", " ")
    return _SEPARATORS.sub(" ", _NUMBER.sub("#", words)).strip()


def simplified(sentence: str) -> str:
    """As `normalised`, without articles, and an amount with its currency as one `#`."""
    return _ARTICLE.sub("", _AMOUNT.sub("#", normalised(sentence)))


_CODES: Final = {simplified(text): code for code, texts in SENTENCES.items() for text in texts}
_TAILS: Final = frozenset(
    part for tail in map(simplified, TAILS) for part in (tail, tail.removesuffix(" #"))
)
_NOT_LONG_AGO: Final = frozenset(map(simplified, REFILLED_NOT_LONG_AGO))
_USED_UP: Final = frozenset(map(simplified, REFILLS_USED_UP))
_SERVICE_NOT_REFILLED: Final = frozenset(map(simplified, SERVICE_NOT_REFILLED))
_NEVER_CANCELED: Final = frozenset(map(simplified, NEVER_CANCELED))
_CANCELED_THERE: Final = frozenset(map(simplified, CANCELED_THERE))
_REFILL_IS_OPEN: Final = frozenset(map(simplified, REFILL_IS_OPEN))
_CANCEL_IS_OPEN: Final = frozenset(map(simplified, CANCEL_IS_OPEN))
_NONE: Final[Mapping[str, Code]] = {}


def refusal_code(sentence: str, additions: Mapping[str, Code] = _NONE) -> Code:
    """What a refusal means; UNLISTED unless each of its sentences was reviewed.

    `additions` are one provider's own sentences, compared whole.
    """
    if len(sentence) > LONGEST_SENTENCE:
        return Code.UNLISTED  # it is not read to its end
    wanted = normalised(sentence)
    if not wanted:
        return Code.UNLISTED
    for text, code in additions.items():
        if normalised(text) == wanted:
            return code
    whole = _CODES.get(simplified(sentence)) or _dotted(sentence.strip().lower())
    return _by_sentences(sentence) if whole is Code.UNLISTED else whole


def meaning(sentences: Sequence[str], additions: Mapping[str, Code] = _NONE) -> Code:
    """What an answer in all of these sentences means: UNLISTED as soon as one was not reviewed, and
    that one is there already wherever that is said, as beside words about too many calls."""
    codes = [refusal_code(one, additions) for one in sentences]
    if not codes or Code.UNLISTED in codes:
        return Code.UNLISTED
    return Code.ALREADY_OPEN if Code.ALREADY_OPEN in codes else codes[0]


def says_refilled_not_long_ago(sentence: str) -> bool:
    """A refill of before is, or may be, why another one has to wait."""
    return _says_one_of(_NOT_LONG_AGO, sentence)


def says_refills_are_used_up(sentence: str) -> bool:
    """Refills of before are why there is no other one for good."""
    return _says_one_of(_USED_UP, sentence)


def says_other_is_open(sentence: str, what: str) -> bool:
    """Of a "refill" and a "cancel" it is the other one that is there already, and not `what`."""
    of_refill = _says_one_of(_REFILL_IS_OPEN, sentence)
    of_cancel = _says_one_of(_CANCEL_IS_OPEN, sentence)
    return of_refill != of_cancel and of_refill != (what == "refill")


def no_refill_explains(sentence: str) -> bool:
    """A refill of before, under way or just done, cannot be why there is no other one."""
    return _says_no_to_all(sentence, _SERVICE_NOT_REFILLED)


def no_cancel_explains(sentence: str) -> bool:
    """A cancel of before cannot be why there is no other one."""
    return _says_no_to_all(sentence, _NEVER_CANCELED)


def _says_no_to_all(sentence: str, of_service: frozenset[str]) -> bool:
    """Each of its sentences speaks of the call, the service, or an order that is not there; one
    that nobody has reviewed may say anything."""
    if refusal_code(sentence) in NO_SUCH:
        return True
    parts = [sentence] if simplified(sentence) in _CODES else _BETWEEN.split(sentence)
    said = [part for part in parts if not adds_nothing(part)]
    return bool(said) and all(
        refusal_code(part) in NO_SUCH or simplified(part) in of_service for part in said
    )


def says_canceled_there(sentence: str) -> bool:
    """There is nothing left to cancel; a cancel of before may be why."""
    parts = [sentence, *_BETWEEN.split(sentence)]  # a code may stand beside sentences
    is_code = any(_last_part(one.strip().lower()) in CANCELED_THERE_CODES for one in parts)
    return is_code or _says_one_of(_CANCELED_THERE, sentence)


def _says_one_of(sentences: frozenset[str], text: str) -> bool:
    parts = [text, *_BETWEEN.split(text)]
    return len(text) <= LONGEST_SENTENCE and any(simplified(one) in sentences for one in parts)


def opening(text: str) -> str:
    """The first sentence of a text that may be too long to be read whole."""
    parts = _BETWEEN.split(text[:LONGEST_SENTENCE])
    return next((part for part in parts if simplified(part)), "")


def adds_nothing(text: str) -> bool:
    """Beside a refusal these words change nothing of what it says."""
    parts = [
        part for one in _BETWEEN.split(text[: LONGEST_SENTENCE + 1]) if (part := simplified(one))
    ]
    return len(text) <= LONGEST_SENTENCE and all(part in HEADS or part in _TAILS for part in parts)


def _by_sentences(text: str) -> Code:
    """The meaning of its first sentence, where the others say the same or nothing at all."""
    parts = [part for one in _BETWEEN.split(text) if (part := simplified(one))]
    while parts and parts[0] in HEADS:
        parts = parts[1:]
    if not 1 <= len(parts) <= _MOST_PARTS:
        return Code.UNLISTED
    code = _CODES.get(parts[0], Code.UNLISTED)
    names_an_action = code is Code.UNSUPPORTED and parts[0].endswith("action")
    for rest in parts[1:]:
        adds_nothing = rest in _TAILS or _CODES.get(rest) is code or _names_fields(rest)
        if not adds_nothing and not (names_an_action and " " not in rest):
            return Code.UNLISTED
    return code


def _names_fields(part: str) -> bool:
    return all(word in FIELD_WORDS for word in part.split())


def why_no_phrase(sentence: str) -> str:
    """Why this must not be added as a refusal phrase, in words for staff; empty when it may be."""
    words = normalised(sentence)
    if not words.replace("#", "").strip():
        return "It has no words to know it by."
    if len(sentence) >= LONGEST_SENTENCE:
        return "It is too long to be known whole."
    if not _EMPTY_WORDS.sub("", words).replace("#", "").strip():
        return "It says nothing about the order: servers answer so after they have taken one, too."
    if (known := refusal_code(sentence)) is not Code.UNLISTED and known not in MEANINGS:
        return "It is known already, and is not about placing an order."
    return ""


def _last_part(text: str) -> str:
    """Of a dotted code; empty where it is none."""
    return text.rpartition(".")[2] if _CODE.fullmatch(text) else ""


def _dotted(text: str) -> Code:
    if not (last := _last_part(text)):
        return Code.UNLISTED
    if code := DOTTED.get(last):
        return code
    field = last.removeprefix("incorrect_").removeprefix("invalid_").replace("_", " ")
    return _CODES.get(f"incorrect {field}", Code.UNLISTED) if field != last else Code.UNLISTED


def wait_seconds(sentence: str) -> int | None:
    """The wait a refusal names ("in 5 hours"), in seconds; None when it names none."""
    if match := _WAIT.search(sentence.lower()):
        return (int(match[1]) if match[1].isdigit() else 1) * _SECONDS[match[2]]
    return None


def spacing_seconds(sentence: str) -> int | None:
    """The least time between two requests a refusal names ("less than 24 hours ago")."""
    if match := _SPACING.search(sentence.lower()):
        return int(match[1]) * _SECONDS[match[2]]
    return None
