"""Numbers, flags and texts as providers write them; what cannot be read for certain is None."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import lru_cache
from typing import Any

PLACES = Decimal("1e-12")
MONEY_BOUND = Decimal(10) ** 15
COUNT_BOUND = 10**18
ID_LENGTH = 64
CACHED = 8192  # catalogs repeat their limits

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", re.ASCII)
_COUNTED = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)  # nearly every id; needs no check
_NOT_IDS = frozenset({"null", "none", "nil", "nan", "true", "false", "undefined", "error", "ok"})
_DIGIT = re.compile(r"[0-9]")
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_GROUPED_WHOLE = re.compile(r"-?[0-9]{1,3}(?:[,' \u00a0][0-9]{3})+", re.ASCII)
_ONE_OR_A_THOUSAND = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}", re.ASCII)
_PUBLISHED = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,12})?")  # nearly every amount; needs no check
_PLAIN = re.compile(r"-?(?:[0-9]{1,24}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?")
_DRESSED = re.compile(
    r"(?:[A-Za-z]{2,5}|[^\w\s.,'+-]{1,3})?\s*(-?[0-9.,' \u00a0]*[0-9])\s*"
    r"(?:[A-Za-z]{2,5}|[^\w\s.,'+-]{1,3})?"
)
_SEPARATOR = re.compile(r"[^0-9]")
_YES = frozenset({"1", "true", "yes", "y", "on", "lifetime", "auto", "available", "enabled"})
_NO = frozenset({"0", "false", "no", "n", "off", "none", "never", "disabled", "no refill"})
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def identifier(value: Any) -> str | None:
    """An id as opaque text: a positive integer, or 1 to 64 of ASCII letters, digits, `_`, `-`."""
    if type(value) is int:
        return str(value) if 0 < value < 10**19 else None
    if type(value) is not str or not _ID.fullmatch(value) or not value.strip("0"):
        return None
    return None if value.lower() in _NOT_IDS else value


def issued_id(value: Any) -> str | None:
    """The id of an order or a refill: as `identifier`, and a bare word is not one."""
    if type(value) is str and _COUNTED.fullmatch(value):
        return value
    text = identifier(value)
    return text if text and _DIGIT.search(text) else None


def issued_ids(values: Iterable[str]) -> list[str]:
    """Those of them that are ids of orders or refills."""
    return [value for value in values if issued_id(value)]


def whole(value: Any, *, least: int = 0) -> int | None:
    """A count, from a number or its text; None for words, fractions and what is below `least`."""
    if type(value) is str:
        value = _whole_text(value.strip())
    elif type(value) is Decimal:
        bounded = value.is_finite() and abs(value) < COUNT_BOUND
        value = int(value) if bounded and value == value.to_integral_value() else None
    if type(value) is not int:
        return None
    return value if least <= value < COUNT_BOUND else None


def counted(value: Any, *, decimal_mark: str = "", least: int = 0) -> int | None:
    """As `whole`; a text like "1.000" is one or a thousand, and read where `decimal_mark` says
    which."""
    is_open = type(value) is str and "." in value and decimal_mark != "."
    if is_open and _ONE_OR_A_THOUSAND.fullmatch(value.strip()):
        value = value.replace(".", "") if decimal_mark else None
    return whole(value, least=least)


@lru_cache(CACHED)
def _whole_text(text: str) -> int | None:
    if _WHOLE.fullmatch(text):
        return int(text)
    if _GROUPED_WHOLE.fullmatch(text):
        return int(re.sub(r"[^0-9-]", "", text))
    amount = money(text) if "," not in text else None
    if amount is not None and amount == amount.to_integral_value():
        return int(amount)
    return None


def money(value: Any, *, decimal_mark: str = "") -> Decimal | None:
    """An exact amount, rounded to 12 places. `decimal_mark` settles "1,234": "." or ",".

    Without it a grouped amount is read only where it can mean one thing. A sign or code of
    a currency around the digits is dropped.
    """
    if type(value) is str:
        if decimal_mark != "," and _PUBLISHED.fullmatch(value):
            return Decimal(value)
        amount = _amount(value.strip(), decimal_mark)
        return None if amount is None else _bounded(amount)
    if type(value) is int:
        return Decimal(value) if abs(value) < MONEY_BOUND else None
    return _bounded(value) if type(value) is Decimal else None


def _bounded(amount: Decimal) -> Decimal | None:
    """The amount with at most twelve places; None when it is beyond belief."""
    if not amount.is_finite() or abs(amount) >= MONEY_BOUND:
        return None
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and -12 <= exponent <= 0:
        return amount
    with localcontext(prec=60):
        rounded = amount.quantize(PLACES, rounding=ROUND_HALF_EVEN)
    return Decimal(f"{rounded.normalize():f}")


def _amount(text: str, mark: str) -> Decimal | None:
    if mark != "," and _PLAIN.fullmatch(text):
        return Decimal(text)
    if len(text) > ID_LENGTH or not (dressed := _DRESSED.fullmatch(text)):
        return None
    digits = dressed[1].replace("\u00a0", " ")
    if not mark:
        mark = _decimal_mark(digits.lstrip("-"))
    return _ungrouped(digits, mark) if mark else None


def _decimal_mark(digits: str) -> str:
    """The decimal mark these digits can only mean; empty when they can mean two things."""
    marks = _SEPARATOR.findall(digits)
    kinds = dict.fromkeys(marks)
    if not kinds or kinds.keys() <= {" ", "'"}:
        return "."
    last = marks[-1]
    if last in " '":
        return "," if "." in kinds else "."
    if len(kinds) > 1:
        return last if marks.count(last) == 1 else ("," if last == "." else ".")
    if len(marks) > 1:
        return "," if last == "." else "."
    before, after = digits.split(last)
    groupable = len(after) == 3 and 1 <= len(before) <= 3 and before[0] != "0"
    return "" if last == "," and groupable else last


def _ungrouped(digits: str, mark: str) -> Decimal | None:
    """The amount, if every group before the decimal mark has its three digits."""
    whole_part, _, fraction = digits.lstrip("-").partition(mark)
    groups = _SEPARATOR.split(whole_part)
    separators = set(_SEPARATOR.findall(whole_part))
    regular = len(groups) == 1 or (
        1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    )
    if not regular or len(separators) > 1 or not re.fullmatch("[0-9]*", fraction):
        return None
    amount = Decimal(f"{''.join(groups) or '0'}.{fraction}")
    return -amount if digits.startswith("-") else amount


def flag(value: Any) -> bool | None:
    """Yes or no, from a bool, a number or words ("30 days" is yes); None when not said."""
    if value is True or value is False:
        return bool(value)
    if isinstance(value, int):
        return {0: False, 1: True}.get(value)
    if not isinstance(value, str):
        return None
    word = value.strip().lower()
    if word in _NO:
        return False
    if word in _YES or re.fullmatch(r"[0-9]{1,4} ?(?:d|days?|h|hours?|months?|years?)", word):
        return True
    return None


def text(value: Any, longest: int) -> str:
    """One piece of text without control characters, cut to `longest`; numbers as their digits."""
    if type(value) is not str:
        if type(value) is not int and type(value) is not Decimal:
            return ""
        value = str(value)
    if not value.isprintable():
        value = _UNPRINTABLE.sub("", value)
    stripped: str = value.strip()
    return stripped if len(stripped) <= longest else stripped[:longest]


def prose(value: Any, longest: int) -> str:
    """A text for people, as `text`: HTML entities become the signs they stand for, once. It is
    as untrusted as before, and pages escape it."""
    if type(value) is str and "&" in value:
        value = html.unescape(value)
    return text(value, longest)
