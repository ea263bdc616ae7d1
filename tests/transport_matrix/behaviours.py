"""How servers of the table behave once somebody is connected."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any, Final

from providers.panel_api.tests.servers import (
    OK,
    ORDER,
    Behaviour,
    Caller,
    after_reading,
    saying,
)

from .mode import DEADLINE

CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SIZED: Final = OK + b"Content-Length: %d\r\n\r\n"
PAGE: Final = b"<!DOCTYPE html><html><head><title>%s</title></head><body><p>Hello</p></body></html>"

no_answer: Behaviour = after_reading(lambda caller: None)


def ordered(caller: Caller) -> None:
    """A proper answer to a proper request."""
    caller.read()
    caller.answer(ORDER)


def greeted(then: Behaviour) -> Behaviour:
    """Hear the greeting of a TLS client and go on as told, without an answer to it."""

    def behave(caller: Caller) -> None:
        caller.read_some()
        then(caller)

    return behave


def answering(body: bytes | Any, status: bytes = b"200 OK", *headers: bytes) -> Behaviour:
    """Read the request and answer it with these bytes, or with this value as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return after_reading(lambda caller: caller.answer(content, *headers, status=status))


def opening(head: bytes, then: Behaviour) -> Behaviour:
    """Read the request, say the head, go on as told."""

    def behave(caller: Caller) -> None:
        caller.read()
        caller.send(head)
        then(caller)

    return behave


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def headed(*headers: bytes, body: bytes = ORDER) -> Behaviour:
    """Read the request; answer with these headers and no others."""
    return saying(OK + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body)


def encoded(name: bytes, body: bytes) -> Behaviour:
    return answering(body, b"200 OK", b"Content-Encoding: " + name)


def redirecting(status: bytes, body: bytes = b"") -> Behaviour:
    """Send the caller to somebody who says "accepted" to everybody."""

    def behave(caller: Caller) -> None:
        caller.read()
        location = b"Location: " + caller.server.elsewhere.encode()
        caller.answer(body, location, status=status)

    return behave


def redirecting_for_ever(caller: Caller) -> None:
    caller.read()
    caller.say(b"HTTP/1.1 302 Found", b"Location: " + caller.server.elsewhere.encode())
    caller.pour(b" " * 65536)


def broken_off_inside(caller: Caller) -> None:
    caller.read_some(1000)
    caller.reset()


def closed_inside(caller: Caller) -> None:
    """Close with bytes unread: the kernel answers with RST."""
    caller.read_some(1000)


def unread(caller: Caller) -> None:
    """A stalled upload: nobody reads while the caller waits."""
    caller.hang(unread=2 * DEADLINE)


def read_slowly(caller: Caller) -> None:
    for _ in range(50):
        caller.read_some(100)
        caller.server.over.wait(0.02)
    caller.hang()


def answered_inside(caller: Caller) -> None:
    """An order is claimed and the connection shut although most of the request was never read."""
    caller.read_some(1000)
    caller.answer(ORDER)


def reset_inside_the_body(caller: Caller) -> None:
    caller.read()
    caller.send(SIZED % 99 + ORDER)
    caller.server.over.wait(0.05)
    caller.reset()


def dripped(raw: bytes) -> Behaviour:
    return after_reading(lambda caller: caller.drip(raw))


def bombing(caller: Caller) -> None:
    """64 MB of spaces and then the answer, squeezed into 64 kB."""
    squeeze, block = zlib.compressobj(6, zlib.DEFLATED, 31), b" " * (1 << 20)
    parts = [squeeze.compress(block) for _ in range(64)]
    body = b"".join([*parts, squeeze.compress(ORDER), squeeze.flush()])
    encoded(b"gzip", body)(caller)


def corrupt() -> bytes:
    squeezed = bytearray(gzip.compress(ORDER, mtime=0))
    squeezed[-8] ^= 0xFF
    return bytes(squeezed)
