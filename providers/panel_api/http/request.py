"""An account's address and key, and what is put on the wire with them, in the provider's dialect.

The key shows itself only to who asks for it by name.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus, urlencode

from ..dialect import Dialect, KeyPlace

MASK = "[key]"
_ESCAPE = re.compile("%[0-9A-F]{2}")


class SecretKey:
    """A provider's key that does not appear in a repr, an f-string, a pickle or JSON.

    `reveal()` is the only way out; `redact()` removes the key from a text by value.
    """

    __slots__ = ("_key", "_spellings")

    def __init__(self, key: str) -> None:
        if not key or not key.isascii() or not key.isprintable() or key != key.strip():
            raise ValueError("A key is printable ASCII without spaces around it.")
        self._key = key
        self._spellings = _spellings(key)

    def reveal(self) -> str:
        return self._key

    def redact(self, text: str) -> str:
        """The text with the key replaced, also where it is URL-encoded or escaped as JSON."""
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, MASK)
        return text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretKey):
            return NotImplemented
        return hmac.compare_digest(self._key, other._key)

    def __hash__(self) -> int:
        return hash((SecretKey, self._key))

    def __deepcopy__(self, memo: dict[int, Any]) -> SecretKey:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("A key is never pickled; pass the account's id instead.")


def _spellings(key: str) -> tuple[str, ...]:
    """Every way the key may be written in a text, longest first."""
    quoted = {quote(key, safe=""), quote_plus(key), quote(key)}
    quoted |= {_ESCAPE.sub(lambda escape: escape[0].lower(), text) for text in quoted}
    once = json.dumps(key)[1:-1]
    escaped = {once, once.replace("/", "\\/"), json.dumps(once)[1:-1]}
    every = {key} | quoted | escaped
    every |= {text.lower() for text in every} | {text.upper() for text in every}
    return tuple(sorted(every, key=lambda spelling: (-len(spelling), spelling)))


@dataclass(frozen=True, slots=True, init=False)
class Credentials:
    """Where an account is reached and what proves that it is ours."""

    url: str
    key: SecretKey

    def __init__(self, url: str, key: str | SecretKey) -> None:
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "key", key if isinstance(key, SecretKey) else SecretKey(key))

    def redact(self, text: str) -> str:
        return self.key.redact(text)


def written(
    action: str, fields: Mapping[str, str], credentials: Credentials, dialect: Dialect
) -> tuple[str, bytes, dict[str, str]]:
    """Address, body and headers of a request."""
    body, headers = _form_body(action, fields, credentials, dialect)
    return _address(credentials.url, dialect), body, headers


def _address(url: str, dialect: Dialect) -> str:
    """The account's address with or without its last slash, as the dialect wants it."""
    if dialect.trailing_slash is None:
        return url
    path, mark, query = url.partition("?")
    return path.rstrip("/") + ("/" if dialect.trailing_slash else "") + mark + query


def _form_body(
    action: str, fields: Mapping[str, str], credentials: Credentials, dialect: Dialect
) -> tuple[bytes, dict[str, str]]:
    """The request's body and headers. The key leaves its wrapping here and nowhere else."""
    key, headers = credentials.key.reveal(), dict[str, str]()
    sent = {"action": action, **fields}
    match dialect.key_place:
        case KeyPlace.BODY:
            sent = {"key": key, **sent}
        case KeyPlace.HEADER:
            headers["X-API-Key"] = key
        case KeyPlace.BEARER:
            headers["Authorization"] = f"Bearer {key}"
    if dialect.json_body:
        return json.dumps(sent).encode(), {**headers, "Content-Type": "application/json"}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return urlencode(sent).encode(), headers


def naming(name: str, ids: Sequence[str], dialect: Dialect, *, plural: bool) -> dict[str, str]:
    """The field that says which ids are meant: `order` for one, `orders` for several."""
    if len(ids) == 1 and not plural:
        return {name: ids[0]}
    if dialect.ids_as_json:
        numbers = [int(one) if one.isdigit() and one[0] != "0" else one for one in ids]
        return {f"{name}s": json.dumps(numbers, separators=(",", ":"))}
    return {f"{name}s": ",".join(ids)}
