"""JSON as it must be before money depends on it: nothing guessed, nothing silently dropped."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

NUMBER_LENGTH = 64


class NotJson(ValueError):
    """The bytes are not one strict JSON text; the message says what was wrong."""


def parse(body: bytes | str) -> Any:
    """One strict JSON value. Fractions come as `Decimal`, read from their own digits.

    Refused beyond what `json` refuses: NaN and Infinity, an object with one name twice,
    bytes that are not UTF-8 (a byte order mark is fine), endless numbers and nesting.
    """
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
        return _DECODER.decode(text)
    except NotJson:
        raise
    except UnicodeDecodeError:
        raise NotJson("The answer is not UTF-8 text.") from None
    except RecursionError:
        raise NotJson("The answer is nested too deeply.") from None
    except ValueError as error:
        raise NotJson(f"The answer is not JSON: {str(error)[:120]}") from None


def _fraction(digits: str) -> Decimal:
    if len(digits) > NUMBER_LENGTH:
        raise NotJson("The answer holds an endless number.")
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise NotJson("The answer holds a number out of all bounds.") from None


def _constant(word: str) -> NoReturn:
    raise NotJson(f"The answer holds {word}, which is not JSON.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotJson("The answer names one field twice.")
    return members


_DECODER = json.JSONDecoder(
    parse_float=_fraction, parse_constant=_constant, object_pairs_hook=_members
)
