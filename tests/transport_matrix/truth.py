"""What the server knows of one call: what reached it, what its ledger holds, what it answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from providers.panel_api.tests.servers import Visit

from .mode import Listener, Mode

TAKEN: Final = "23501"
_APPLICATION_RECORD: Final = 23
_TLS_RECORDS: Final = range(20, 24)


@dataclass(frozen=True, slots=True)
class Truth:
    """`request_bytes` reached the server, wanted or not; `ledger` holds the ids it has given.

    `said` is what a strict reader makes of the answer: None unless one whole, unspoiled answer
    was handed over.
    """

    connections: int = 0
    request_bytes: int = 0
    ledger: Sequence[str] = ()
    said: Any = None


NOTHING: Final = Truth()


def truth_of(mode: Mode, visits: Sequence[Visit], *, is_tls: bool) -> Truth:
    asked = sum(visit.asked for visit in visits)
    is_raw_tls = is_tls and mode.listener is Listener.RAW
    counted = _application_bytes if is_raw_tls else len
    answers = [visit.said for visit in visits if visit.said]
    return Truth(
        connections=len(visits),
        request_bytes=sum(counted(visit.heard) for visit in visits),
        ledger=(TAKEN,) * asked if mode.takes else (),
        said=None if is_raw_tls or len(answers) != 1 else strictly_read(answers[0]),
    )


def _application_bytes(raw: bytes) -> int:
    """Bytes that are no part of a TLS greeting; without a handshake all of them are a leak."""
    leaked = 0
    while raw:
        if raw[0] not in _TLS_RECORDS or len(raw) < 5:
            return leaked + len(raw)
        length = 5 + int.from_bytes(raw[3:5], "big")
        leaked += length if raw[0] == _APPLICATION_RECORD else 0
        raw = raw[length:]
    return leaked


def strictly_read(said: bytes) -> Any:
    """The JSON of a whole answer, read by other code than the client's; None for all else."""
    head, end, body = said.partition(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 100 "):
        head, end, body = body.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if not end or lines[0][:10] not in ("HTTP/1.1 2", "HTTP/1.1 4"):
        return None
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    if len(headers) != len(lines) - 1 or headers.get("content-encoding", "identity") != "identity":
        return None
    whole = _whole_body(body, headers)
    try:
        return None if whole is None else json.loads(whole, **_STRICTLY)
    except (ValueError, RecursionError):
        return None


def _whole_body(body: bytes, headers: dict[str, str]) -> bytes | None:
    if "transfer-encoding" in headers:
        size, _, rest = body.partition(b"\r\n")
        content = rest[: int(size, 16)] if size.isalnum() and size != b"zz" else b""
        return content if rest[len(content) :] == b"\r\n0\r\n\r\n" else None
    length = headers.get("content-length", str(len(body)))
    return body if length == str(len(body)) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name.lower() for name, _ in pairs}) != len(pairs):
        raise ValueError("a field twice")
    return dict(pairs)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


_STRICTLY: Final[dict[str, Any]] = {"object_pairs_hook": _once, "parse_constant": _no_number}
