"""The table: every way a call can go, in the order in which a call can come to it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from providers.panel_api.http.transport import ANSWER_CAP
from providers.panel_api.tests.servers import OK, ORDER, Behaviour, Caller, after_reading, saying

from . import behaviours as be
from .mode import BOTH, LONG, PLAIN, TLS, Listener, Mode, Outcome, dawdle, fail, refuse

NOT_SENT, UNKNOWN = Outcome.NOT_SENT, Outcome.UNKNOWN
REJECTED, ACCEPTED = Outcome.REJECTED, Outcome.ACCEPTED
BROKEN = "Something went wrong. Please try again."
FUNDS = "Not enough funds on balance"
NO_SERVICE = b'{"error":"Incorrect service ID"}'
PATIENT: Final = {"connect_timeout": 30.0}
UNHURRIED: Final = {
    "deadline": 10.0,
    "connect_timeout": 10.0,
}  # a busy machine must not make them late


def addresses() -> list[Mode]:
    """The address is wrong, or its name: nobody is called."""
    urls: list[tuple[str, str, tuple[str, ...], bool]] = [
        ("a name that does not exist", "{scheme}://missing.example:{port}/", BOTH, True),
        ("a name server that hangs", "{scheme}://slow.example:{port}/", BOTH, True),
        ("a name that leads into a network", "https://inside.example:{port}/", (TLS,), False),
        ("a name that leads to this machine", "https://panel.example:{port}/", (TLS,), False),
        ("a known name that leads elsewhere", "{scheme}://outside.example:{port}/", BOTH, True),
        ("plain http to a stranger", "http://panel.example:{port}/", (PLAIN,), False),
        ("an address of numbers", "{scheme}://127.0.0.1:{port}/", BOTH, False),
        ("an address of one number", "{scheme}://2130706433:{port}/", BOTH, False),
        ("two dots in the host", "{scheme}://a..b:{port}/", BOTH, False),
        ("another scheme", "ftp://127.0.0.1:{port}/", (PLAIN,), False),
        ("no scheme", "127.0.0.1:{port}/api/v2", (PLAIN,), False),
        ("no host", "{scheme}:///api/v2", BOTH, False),
        ("a user name before the host", "{scheme}://panel.example@127.0.0.1:{port}/", BOTH, False),
        ("a backslash in it", "{scheme}://panel.example\\@127.0.0.1:{port}/", BOTH, False),
        ("a port beyond all ports", "{scheme}://panel.example:65536/", BOTH, False),
        ("a line break in the address", "{scheme}://127.0.0.1:{port}/\r\nX: y", BOTH, False),
        ("an open bracket", "{scheme}://[::1:{port}/", BOTH, False),
    ]
    return [
        Mode(name, NOT_SENT, be.ordered, over, url=url, known=known)
        for name, url, over, known in urls
    ]


def connections() -> list[Mode]:
    """Nothing listens, or its backlog is full."""
    return [
        Mode("refused", NOT_SENT, be.ordered, listener=Listener.REFUSING),
        Mode("a full backlog", NOT_SENT, be.ordered, listener=Listener.FULL),
        Mode(
            "a full backlog to the end",
            NOT_SENT,
            be.ordered,
            listener=Listener.FULL,
            options=PATIENT,
        ),
        Mode("close at accept", UNKNOWN, lambda caller: None),
        Mode("reset at accept", UNKNOWN, Caller.reset, or_else=(NOT_SENT,)),
        Mode("the pre-send check says no", NOT_SENT, be.ordered, pre_send_check=refuse),
        Mode(
            "the pre-send check fails like a connection", NOT_SENT, be.ordered, pre_send_check=fail
        ),
        Mode(
            "the deadline passes in the pre-send check", NOT_SENT, be.ordered, pre_send_check=dawdle
        ),
        Mode("plain HTTP on a TLS port", UNKNOWN, be.ordered, (PLAIN,), shows="port speaks TLS"),
    ]


def handshakes() -> list[Mode]:
    """TLS does not come about: the library's errors look the same as those after sending."""
    half_hello = b"\x16\x03\x03\x00\x7a" + b"\x02" * 50
    failing: dict[str, Behaviour] = {
        "handshake hang": Caller.hang,
        "handshake close": lambda caller: None,
        "handshake reset": Caller.reset,
        "handshake greeted, then hang": be.greeted(Caller.hang),
        "handshake greeted, then close": be.greeted(lambda caller: None),
        "handshake greeted, then reset": be.greeted(Caller.reset),
        "handshake drip": lambda caller: caller.drip(half_hello, every=0.03),
        "handshake half, then close": lambda caller: caller.send(half_hello),
        "handshake of garbage": lambda caller: caller.send(b"\x16\x03\x03\xff\xff" + b"x" * 100),
        "handshake alert": lambda caller: caller.send(b"\x15\x03\x03\x00\x02\x02\x28"),
        "plain HTTP from a TLS port": lambda caller: caller.answer(ORDER),
        "endless bytes from a TLS port": lambda caller: caller.pour(b"\x16\x03\x03\x40\x00" * 999),
    }
    certificates = {
        "an expired certificate": "expired",
        "a certificate of tomorrow": "of tomorrow",
        "a certificate nobody vouches for": "unvouched",
        "a certificate of another host": "of another host",
        "TLS 1.1": "TLS 1.1",
    }
    return [
        *(
            Mode(name, NOT_SENT, behave, (TLS,), listener=Listener.RAW)
            for name, behave in failing.items()
        ),
        *(Mode(name, NOT_SENT, be.ordered, (TLS,), shows=it) for name, it in certificates.items()),
        Mode("a certificate of ours is demanded", UNKNOWN, be.ordered, (TLS,), shows="demanding"),
    ]


def requests() -> list[Mode]:
    """The request is on its way; from here on nothing is certain."""
    upload: dict[str, Any] = {"payload": LONG, "small_windows": True}
    return [
        Mode("hang before reading", UNKNOWN, Caller.hang),
        Mode("reset inside the request", UNKNOWN, be.broken_off_inside, **upload),
        Mode("close inside the request", UNKNOWN, be.closed_inside, **upload),
        Mode("a stalled upload", UNKNOWN, be.unread, **upload),
        Mode("a stalled upload until the deadline", UNKNOWN, be.unread, options=PATIENT, **upload),
        Mode("an upload read by the drop", UNKNOWN, be.read_slowly, options=PATIENT, **upload),
        Mode("an answer inside the request", UNKNOWN, be.answered_inside, **upload),
        Mode("hang after the request", UNKNOWN, after_reading(Caller.hang)),
        Mode("close after the request", UNKNOWN, be.no_answer),
        Mode("reset after the request", UNKNOWN, after_reading(Caller.reset)),
    ]


def heads() -> list[Mode]:
    """The head of the answer is not one, has no end, or says two things."""
    named: dict[str, Behaviour] = {
        "a status line of garbage": saying(b"garbage\r\n\r\n"),
        "a status that is no number": saying(b"HTTP/1.1 abc OK\r\n\r\n" + ORDER),
        "a status of four digits": saying(b"HTTP/1.1 2000 OK\r\n\r\n" + ORDER),
        "no head at all (HTTP/0.9)": saying(ORDER),
        "an empty line for a head": saying(b"\r\n\r\n" + ORDER),
        "TLS bytes": saying(b"\x16\x03\x01\x02\x00\x01\x00"),
        "HTTP/2 frames": saying(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18),
        "a status line, then hang": be.opening(OK, Caller.hang),
        "half a status line, then close": saying(b"HTTP/1.1 20"),
        "a head without an end": saying(OK + b"X: y\r\n"),
        "101 headers": be.headed(*(b"X-%d: 1" % n for n in range(101))),
        "one huge header": be.headed(b"X: " + b"a" * 70_000),
        "many large headers": be.headed(*(b"X-%d: %s" % (n, b"a" * 2000) for n in range(50))),
        "endless headers": be.opening(OK, lambda caller: caller.pour(b"X-More: more\r\n" * 512)),
        "one endless header": be.opening(OK + b"X: ", lambda caller: caller.pour(b"a" * 65536)),
        "endless continue": after_reading(lambda c: c.pour(b"HTTP/1.1 100 Continue\r\n\r\n" * 99)),
        "headers drip": be.dripped(OK + b"X: y\r\n" * 9 + b"\r\n"),
        "headers drip and would be a clean 200": be.dripped(be.SIZED % 15 + ORDER),
        "switching protocols": saying(b"HTTP/1.1 101 Switching\r\n\r\n" + ORDER),
        "204 with an order": saying(b"HTTP/1.1 204 No Content\r\n\r\n" + ORDER),
        "two lengths": be.headed(b"Content-Length: 15", b"Content-Length: 7"),
        "a length that is no number": be.headed(b"Content-Length: many"),
        "a length below zero": be.headed(b"Content-Length: -15"),
    }
    return [Mode(name, UNKNOWN, behave) for name, behave in named.items()]


def bodies() -> list[Mode]:
    """The body is cut, drips, never ends, or is squeezed."""
    too_long = ORDER + b" " * (ANSWER_CAP - len(ORDER) + 1)
    named: dict[str, Behaviour] = {
        "body drips": be.opening(OK + b"\r\n", lambda caller: caller.drip(ORDER, 0.2)),
        "body drips to a length": be.opening(be.SIZED % 15, lambda caller: caller.drip(ORDER, 0.2)),
        "chunks drip": be.opening(be.CHUNKED, lambda caller: caller.drip(be.chunk(ORDER), 0.2)),
        "half a body, then hang": be.opening(be.SIZED % 99 + ORDER, Caller.hang),
        "a whole order, then hang": be.opening(OK + b"\r\n" + ORDER, Caller.hang),
        "a whole order, then spaces drip": be.opening(
            OK + b"\r\n" + ORDER, lambda caller: caller.drip(b" " * 99)
        ),
        "body shorter than its length": saying(be.SIZED % 99 + ORDER),
        "body reset inside its length": be.reset_inside_the_body,
        "body cut short without a length": saying(OK + b"\r\n" + ORDER[:-4]),
        "bare number that may be cut short": saying(OK + b"\r\n235"),
        "broken chunks": saying(be.CHUNKED + b"zz\r\n" + ORDER),
        "chunks without an end": saying(be.CHUNKED + be.chunk(ORDER)),
        "a chunk larger than any memory": saying(be.CHUNKED + b"fffffffffffffff\r\n" + ORDER),
        "endless chunks": be.opening(be.CHUNKED, lambda c: c.pour(be.chunk(b" " * 999))),
        "endless body": be.opening(OK + b"\r\n", lambda caller: caller.pour(b" " * 65536)),
        "a body above the cap": be.answering(too_long),
        "an empty body": be.answering(b""),
        "gzip": be.encoded(b"gzip", gzip.compress(ORDER)),
        "corrupt gzip": be.encoded(b"gzip", be.corrupt()),
        "a gzip bomb": be.bombing,
        "gzip that is not": be.encoded(b"gzip", ORDER),
        "brotli": be.encoded(b"br", ORDER),
    }
    return [Mode(name, UNKNOWN, behave) for name, behave in named.items()]


def codes() -> list[Mode]:
    """Redirects, which nobody follows, and HTTP codes that speak for a server in between."""
    moved = (b"301 Moved", b"302 Found", b"303 See Other", b"307 Temporary", b"308 Permanent")
    failed = (
        b"401 No",
        b"403 No",
        b"404 No",
        b"405 No",
        b"413 No",
        b"429 No",
        b"500 Oops",
        b"502 Bad",
        b"503 Busy",
        b"504 Late",
    )
    named: dict[str, Behaviour] = {
        **{f"redirect {status.decode()}": be.redirecting(status) for status in moved},
        "redirect with an order": be.redirecting(b"302 Found", ORDER),
        "redirect with a refusal": be.redirecting(b"307 Temporary", NO_SERVICE),
        "redirect with an endless body": be.redirecting_for_ever,
        **{f"HTTP {it.decode()}": be.answering(be.PAGE % b"Sorry", it) for it in failed},
        "HTTP 400 with an order": be.answering(ORDER, b"400 Bad"),
        "HTTP 500 with an order": be.answering(ORDER, b"500 Oops"),
        "HTTP 500 with a refusal": be.answering(NO_SERVICE, b"500 Oops"),
        "a web page": be.answering(be.PAGE % b"Welcome"),
        "a challenge page": be.answering(be.PAGE % b"Just a moment...", b"403 No"),
        "plain words": be.answering(b"Service temporarily unavailable"),
    }
    return [Mode(name, UNKNOWN, behave) for name, behave in named.items()]


def odd_json() -> list[Mode]:
    """A whole answer of this body. In the ledger the order has the id 23501."""
    bodies: Mapping[str, Any] = {
        "UTF-16": ORDER.decode().encode("utf-16"),
        "invalid UTF-8": b'{"order":23501,"note":"\xff\xfe"}',
        "NaN": b'{"order":NaN}',
        "Infinity": b'{"order":23501,"charge":Infinity}',
        "1e999": b'{"order":1e999}',
        "a field twice": b'{"order":7,"order":23501}',
        "a field twice in two cases": b'{"order":7,"Order":23501}',
        "nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
        "nested 20,000 objects deep": b'{"a":' * 20_000,
        "an id of 5,000 digits": b'{"order":' + b"9" * 5000 + b"}",
        "an id of 20 digits": b'{"order":' + b"9" * 20 + b"}",
        "a comma too many": b'{"order":23501,}',
        "two answers": ORDER * 2,
        "words before it": b"<br />Warning: x " + ORDER,
        "an empty object": b"{}",
        "an empty list": b"[]",
        "null": b"null",
        "true": b"true",
        "a list of two orders": b'[{"order":23501},{"order":23502}]',
        "id true": {"order": True},
        "id null": {"order": None},
        "id zero": {"order": 0},
        "id below zero": {"order": -23501},
        "id with a fraction": {"order": 23501.0},
        "id padded": {"order": " +23501 "},
        "id in Arabic digits": {"order": "٢٣٥٠١"},
        "id a word": {"order": "created"},
        "id an object": {"order": {"value": [23501]}},
        "order and error": {"order": 23501, "error": BROKEN},
        "order and a reviewed refusal": {"order": 23501, "error": FUNDS},
        "an error nobody has reviewed": {"error": BROKEN},
        "a reviewed refusal and another": {"errors": [FUNDS, BROKEN]},
        "an error without words": {"error": True},
    }
    return [Mode(name, UNKNOWN, be.answering(body)) for name, body in bodies.items()]


def proper() -> list[Mode]:
    """What the client must believe; a client that never did would pass all of the above."""
    whole = be.chunk(ORDER) + b"0\r\n\r\n"
    refusals: dict[str, Behaviour] = {
        "a refusal": be.answering(NO_SERVICE),
        "a refusal with HTTP 400": be.answering(NO_SERVICE, b"400 Bad"),
        "a refusal in a code": be.answering({"error": "neworder.error.not_enough_funds"}),
        "a refusal to the end of the connection": saying(OK + b"\r\n" + NO_SERVICE),
    }
    orders: dict[str, Behaviour] = {
        "an order": be.ordered,
        "an order in chunks": saying(be.CHUNKED + whole),
        "an order to the end of the connection": saying(OK + b"\r\n" + ORDER),
        "an order after 100 Continue": saying(b"HTTP/1.1 100 Go\r\n\r\n" + OK + b"\r\n" + ORDER),
        "an order with HTTP 201": be.answering(ORDER, b"201 Created"),
        "an order with its id as text": be.answering({"order": "23501"}),
        "an order alone in a list": be.answering(b'[{"order":23501}]'),
        "an order inside data": be.answering({"status": "success", "data": {"order": 23501}}),
        "an order behind a byte order mark": be.answering(b"\xef\xbb\xbf" + ORDER),
        "a bare number of a known length": be.answering(b"23501"),
        "an order plainly encoded": be.headed(b"Content-Encoding: identity"),
    }
    modes = [
        *(Mode(name, REJECTED, behave, takes=False) for name, behave in refusals.items()),
        *(Mode(name, ACCEPTED, behave) for name, behave in orders.items()),
        Mode(
            "an order at a known name", ACCEPTED, be.ordered, url="{scheme}://panel.example:{port}/"
        ),
        Mode("an order of 200 kB", ACCEPTED, be.ordered, payload=LONG),
        Mode("an order read by the drop", ACCEPTED, be.ordered, small_windows=True),
    ]
    return [replace(mode, options=UNHURRIED) for mode in modes]


MODES: Final = (
    *addresses(),
    *connections(),
    *handshakes(),
    *requests(),
    *heads(),
    *bodies(),
    *codes(),
    *odd_json(),
    *proper(),
)
BY_NAME: Final = {mode.name: mode for mode in MODES}
