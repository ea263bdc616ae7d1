"""What a refusal means, by the reviewed sentences and codes and a provider's own additions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from ..errors import RefusalCode as Code
from .phrases import DOTTED, FIELD_WORDS, HEADS, PROVES_NOTHING, SENTENCES, TAILS

# Refusals that an answer to `add` can prove; an order or refill id has no place there.
PROVE_NOT_PLACED: Final = frozenset(Code) - {
    *(Code.UNLISTED, Code.UNKNOWN_ORDER, Code.UNKNOWN_REFILL, Code.WAIT, Code.ALREADY_OPEN)
}
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
    whole = _CODES.get(simplified(sentence)) or _dotted(sentence)
    return _by_sentences(sentence) if whole is Code.UNLISTED else whole


def code_together(codes: Sequence[Code]) -> Code:
    """Of all sentences of an answer: UNLISTED as soon as one was not reviewed, ALREADY_OPEN
    wherever that is said, else what the first says; that there is no such call only where each
    says so, as the account is known to lack it from then on."""
    if not codes or Code.UNLISTED in codes:
        return Code.UNLISTED
    if Code.ALREADY_OPEN in codes:
        return Code.ALREADY_OPEN
    return next((code for code in codes if code is not Code.UNSUPPORTED), codes[0])


def refusal_code_of_all(said: Sequence[str], additions: Mapping[str, Code] = _NONE) -> Code:
    """What all of these sentences mean together."""
    return code_together([refusal_code(one, additions) for one in said])


def split_sentences(text: str) -> list[str]:
    """Its sentences, as far as signs tell them apart."""
    return _BETWEEN.split(text)


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
    parts = [part for one in split_sentences(text) if (part := simplified(one))]
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


def last_part(text: str) -> str:
    """Of a dotted code; empty where it is none."""
    text = text.strip().lower()
    return text.rpartition(".")[2] if _CODE.fullmatch(text) else ""


def _dotted(text: str) -> Code:
    if not (last := last_part(text)):
        return Code.UNLISTED
    if code := DOTTED.get(last):
        return code
    field = last.removeprefix("incorrect_").removeprefix("invalid_").replace("_", " ")
    return _CODES.get(f"incorrect {field}", Code.UNLISTED) if field != last else Code.UNLISTED


def wait_seconds(text: str) -> int | None:
    """The longest wait that a refusal names ("in 5 hours"), in seconds; None when it names none."""
    found = _WAIT.findall(text.lower())
    waits = [(int(often) if often.isdigit() else 1) * _SECONDS[unit] for often, unit in found]
    return max(waits, default=None)


def spacing_seconds(text: str) -> int | None:
    """The least time between two requests a refusal names ("less than 24 hours ago"), the longest
    of several."""
    found = _SPACING.findall(text.lower())
    return max((int(often) * _SECONDS[unit] for often, unit in found), default=None)
