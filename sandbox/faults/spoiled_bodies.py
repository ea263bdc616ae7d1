"""Faults in the bytes of an answer: statuses, pages, broken JSON, encodings, compression."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace

from sandbox.faults.rules import Fault
from sandbox.protocol.wire import Reply

Spoil = Callable[[Reply, Fault], Reply]
HTML = "text/html; charset=UTF-8"
ERROR_PAGE = b"<!DOCTYPE html><html><head><title>Server Error</title></head><body><h1>Oops</h1>"
LOGIN_PAGE = b"<!DOCTYPE html><form method=post><input name=email><input type=password></form>"
CHALLENGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>"
    b"<noscript>Enable JavaScript and cookies to continue</noscript></body></html>"
)
STATUSES = (301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 413, 429, 500, 502, 503, 504)
BOMB_BYTES = 200 << 20


def _body(content: bytes, content_type: str = "", status: int = 0) -> Spoil:
    def spoil(reply: Reply, fault: Fault) -> Reply:
        return replace(
            reply,
            body=content,
            content_type=content_type or reply.content_type,
            status=int(fault.options.get("status", status or reply.status)),
        )

    return spoil


def _rewritten(change: Callable[[bytes], bytes]) -> Spoil:
    def spoil(reply: Reply, fault: Fault) -> Reply:
        return replace(reply, body=change(reply.body))

    return spoil


def _status(status: int) -> Spoil:
    """Redirects take the option `location`, 429 and 503 the option `retry_after`.

    The body is a page; with the option `keep_body` it is the answer itself.
    """

    def spoil(reply: Reply, fault: Fault) -> Reply:
        page = b"" if 300 <= status < 400 else ERROR_PAGE
        spoiled = replace(reply, status=status, headers=list(reply.headers))
        if not fault.options.get("keep_body"):
            spoiled = replace(spoiled, body=page, content_type=HTML)
        if 300 <= status < 400:
            spoiled.headers.append(("Location", str(fault.options.get("location", "/moved"))))
        if status == 429 or "retry_after" in fault.options:
            spoiled.headers.append(("Retry-After", str(fault.options.get("retry_after", 7))))
        return spoiled

    return spoil


def _first_key_twice(body: bytes) -> bytes:
    """`{"order":5}` becomes `{"order":1,"order":5}`."""
    key, colon, _ = body.partition(b":")
    return key + b":1," + body[1:] if colon and body.startswith(b"{") else body


def _first_value(value: bytes) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        key, colon, _ = body.partition(b":")
        return key + b":" + value + b"}" if colon and body.startswith(b"{") else value

    return change


def _invalid_utf8(body: bytes) -> bytes:
    return body[:-1] + b',"note":"\xff\xfe\xc3("}' if body.endswith(b"}") else b'"\xff\xfe"'


def _utf16(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, body=reply.body.decode().encode("utf-16"))


def _encoded(reply: Reply, body: bytes) -> Reply:
    return replace(reply, body=body, headers=[*reply.headers, ("Content-Encoding", "gzip")])


def _gzip(reply: Reply, fault: Fault) -> Reply:
    return _encoded(reply, gzip.compress(reply.body, mtime=0))


def _gzip_corrupt(reply: Reply, fault: Fault) -> Reply:
    squeezed = bytearray(gzip.compress(reply.body, mtime=0))
    squeezed[-8] ^= 0xFF
    squeezed[12] ^= 0xFF
    return _encoded(reply, bytes(squeezed))


def _gzip_bomb(reply: Reply, fault: Fault) -> Reply:
    """Spaces before the answer: option `bytes` of them, 200 MB unless told."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    left, block, parts = int(fault.options.get("bytes", BOMB_BYTES)), b" " * (1 << 20), []
    while left > 0:
        parts.append(squeeze.compress(block[: min(left, len(block))]))
        left -= len(block)
    parts.append(squeeze.compress(reply.body) + squeeze.flush())
    return _encoded(reply, b"".join(parts))


def _wrong_content_type(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, content_type=str(fault.options.get("content_type", "image/png")))


BODY_MODES: dict[str, Spoil] = {
    **{f"http_{status}": _status(status) for status in STATUSES},
    "html": _body(ERROR_PAGE, HTML),
    "login_page": _body(LOGIN_PAGE, HTML),
    "challenge": _body(CHALLENGE, HTML, 403),
    "plain_text": _body(b"Service temporarily unavailable", "text/plain"),
    "empty": _body(b""),
    "empty_list": _body(b"[]"),
    "empty_object": _body(b"{}"),
    "null": _body(b"null"),
    "malformed_json": _rewritten(lambda body: body[: len(body) // 2] + b"'"),
    "trailing_comma": _rewritten(lambda body: body[:-1] + b"," + body[-1:]),
    "duplicate_keys": _rewritten(_first_key_twice),
    "nan": _rewritten(_first_value(b"NaN")),
    "infinity": _rewritten(_first_value(b"1e999")),
    "huge_int": _rewritten(_first_value(b"9" * 5000)),
    "nested_json": _body(b"[" * 100_000 + b"]" * 100_000),
    "bom": _rewritten(lambda body: b"\xef\xbb\xbf" + body),
    "utf16": _utf16,
    "invalid_utf8": _rewritten(_invalid_utf8),
    "gzip": _gzip,
    "gzip_corrupt": _gzip_corrupt,
    "gzip_bomb": _gzip_bomb,
    "wrong_content_type": _wrong_content_type,
}
