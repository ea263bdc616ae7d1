"""What is put on the wire: the address, the body and its headers, in the provider's dialect."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from ..dialect import Dialect, KeyPlace
from .credentials import Credentials


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
