"""Ways in which a server can fail to answer properly once a connection is up."""

from __future__ import annotations

from providers.panel_api.transport import ANSWER_CAP

from .servers import Behaviour, Caller


def after_reading(finish: Behaviour) -> Behaviour:
    def behave(caller: Caller) -> None:
        caller.read()
        finish(caller)

    return behave


def saying(raw: bytes) -> Behaviour:
    """Read the request, say these bytes, close."""
    return after_reading(lambda caller: caller.sock.sendall(raw))


def opening(head: bytes, then: Behaviour) -> Behaviour:
    """Read the request, say the head, go on as told."""

    def behave(caller: Caller) -> None:
        caller.read()
        caller.sock.sendall(head)
        then(caller)

    return behave


OK = b"HTTP/1.1 200 OK\r\n"
ORDER = b'{"order":23501}'

MISBEHAVIOUR: dict[str, Behaviour] = {
    "reset at accept": Caller.reset,
    "close at accept": lambda caller: None,
    "hang before reading": Caller.hang,
    "hang after the request": after_reading(Caller.hang),
    "close after the request": after_reading(lambda caller: None),
    "reset after the request": after_reading(Caller.reset),
    "a status line of garbage": saying(b"garbage\r\n\r\n"),
    "a status that is no number": saying(b"HTTP/1.1 abc OK\r\n\r\n" + ORDER),
    "no headers at all": saying(ORDER),
    "TLS bytes": saying(b"\x16\x03\x01\x02\x00\x01\x00"),
    "101 headers": saying(OK + b"".join(b"X-%d: 1\r\n" % n for n in range(101)) + b"\r\n" + ORDER),
    "one huge header": saying(OK + b"X: " + b"a" * 70_000 + b"\r\n\r\n" + ORDER),
    "many large headers": saying(
        OK + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 2000) for n in range(50)) + b"\r\n" + ORDER
    ),
    "headers drip": after_reading(lambda caller: caller.drip(OK + b"X: y\r\n" * 9 + b"\r\n")),
    "headers drip and the body is there": after_reading(
        lambda caller: caller.drip(OK + b"Content-Length: 15\r\n\r\n" + ORDER)
    ),
    "body drips": opening(OK + b"\r\n", lambda caller: caller.drip(ORDER)),
    "body drips to a length": opening(
        OK + b"Content-Length: 15\r\n\r\n", lambda caller: caller.drip(ORDER)
    ),
    "body shorter than its length": saying(OK + b"Content-Length: 99\r\n\r\n" + ORDER),
    "body cut short without a length": saying(OK + b"\r\n" + ORDER[:-4]),
    "bare number that may be cut short": saying(OK + b"\r\n235"),
    "broken chunks": saying(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + ORDER),
    "chunks without an end": saying(OK + b"Transfer-Encoding: chunked\r\n\r\nf\r\n" + ORDER),
    "empty body": saying(OK + b"Content-Length: 0\r\n\r\n"),
    "204": saying(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "gzip": saying(OK + b"Content-Encoding: gzip\r\nContent-Length: 15\r\n\r\n" + ORDER),
    "brotli": saying(OK + b"Content-Encoding: br\r\nContent-Length: 15\r\n\r\n" + ORDER),
    "endless body": opening(OK + b"\r\n", lambda caller: caller.pour(b" " * 65536)),
    "endless continue": after_reading(lambda caller: caller.pour(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "a body above the cap": after_reading(
        lambda caller: caller.answer(ORDER + b" " * (ANSWER_CAP - len(ORDER) + 1))
    ),
    "switching protocols": saying(b"HTTP/1.1 101 Switching\r\n\r\n" + ORDER),
    "500 with an order": after_reading(lambda caller: caller.answer(ORDER, status=b"500 Oops")),
}
