"""What must be heard of each fault mode that shows in the answer to an `add`."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

from sandbox.tests.raw import Heard

Check = Callable[[Heard], object]


def _strictly_unreadable(heard: Heard) -> bool:
    try:
        json.loads(heard.body.decode())
    except (ValueError, RecursionError):
        return True
    return False


def _twice(heard: Heard) -> bool:
    names = json.loads(heard.body, object_pairs_hook=lambda pairs: [name for name, _ in pairs])
    return len(names) == 2 and len(set(names)) == 1


def _short_of_length(heard: Heard) -> bool:
    return len(heard.body) < int(heard.headers["content-length"])


def _bomb(heard: Heard) -> bool:
    opened = zlib.decompress(heard.body, 31)
    return len(opened) > 100_000 and len(heard.body) < 2_000


def _corrupt(heard: Heard) -> bool:
    try:
        gzip.decompress(heard.body)
    except (OSError, EOFError, zlib.error):
        return heard.headers["content-encoding"] == "gzip"
    return False


def _has_status(status: int, heard: Heard) -> bool:
    return heard.status == status


def _redirects(status: int, heard: Heard) -> bool:
    return heard.status == status and heard.headers["location"] == "/moved"


def _order(heard: Heard) -> Any:
    return heard.json()["order"]


ADD_CHECKS: dict[str, tuple[dict[str, Any], Check]] = {
    "latency": ({"seconds": 0.15}, lambda h: h.status == 200),
    "latency_lognormal": ({"seconds": 0.1, "sigma": 0.01}, lambda h: h.status == 200),
    "close_at_accept": ({}, lambda h: (h.raw, h.end) in ((b"", "closed"), (b"", "reset"))),
    "reset_at_accept": ({}, lambda h: (h.raw, h.end) == (b"", "reset")),
    "hang_at_accept": ({"seconds": 5}, lambda h: (h.raw, h.end) == (b"", "silent")),
    "close_mid_request": ({}, lambda h: (h.raw, h.end) == (b"", "closed")),
    "reset_mid_request": ({}, lambda h: (h.raw, h.end) == (b"", "reset")),
    "close_after_request": ({}, lambda h: (h.raw, h.end) == (b"", "closed")),
    "reset_after_request": ({}, lambda h: (h.raw, h.end) == (b"", "reset")),
    "hang": ({"seconds": 5}, lambda h: (h.raw, h.end) == (b"", "silent")),
    "drip_headers": ({"seconds": 0.4}, lambda h: len(h.raw) == 1 and h.end == "silent"),
    "drip_body": ({"seconds": 0.4}, lambda h: len(h.body) == 1 and h.end == "silent"),
    "truncated_with_length": ({}, lambda h: _short_of_length(h) and h.end == "closed"),
    "truncated_without_length": (
        {},
        lambda h: "content-length" not in h.headers and _strictly_unreadable(h),
    ),
    "reset_mid_answer": ({}, lambda h: h.status == 200 and h.end == "reset"),
    "bad_chunks": ({}, lambda h: h.body.startswith(b"zz\r\n")),
    "unfinished_chunks": ({}, lambda h: h.body.endswith(b"}\r\n") and h.end == "closed"),
    "garbage_status": ({}, lambda h: not h.raw.startswith(b"HTTP/")),
    "no_status": ({}, lambda h: h.raw.startswith(b"{")),
    "header_flood": ({}, lambda h: h.head.count(b"X-Flood-") == 500),
    "huge_header": ({}, lambda h: len(h.headers["x-huge"]) == 200_000),
    "endless_headers": ({"bytes": 400_000}, lambda h: len(h.raw) > 300_000),
    "endless_body": ({"bytes": 400_000}, lambda h: len(h.body) > 300_000),
    "html": ({}, lambda h: h.status == 200 and b"<h1>" in h.body),
    "login_page": ({}, lambda h: h.status == 200 and b"password" in h.body),
    "challenge": ({}, lambda h: h.status == 403 and b"Just a moment" in h.body),
    "plain_text": ({}, lambda h: h.headers["content-type"] == "text/plain"),
    "empty": ({}, lambda h: h.status == 200 and h.body == b""),
    "empty_list": ({}, lambda h: h.json() == []),
    "empty_object": ({}, lambda h: h.json() == {}),
    "null": ({}, lambda h: h.json() is None),
    "malformed_json": ({}, _strictly_unreadable),
    "trailing_comma": ({}, lambda h: h.body.endswith(b",}") and _strictly_unreadable(h)),
    "duplicate_keys": ({}, _twice),
    "nan": ({}, lambda h: b"NaN" in h.body),
    "infinity": ({}, lambda h: b"1e999" in h.body),
    "huge_int": ({}, lambda h: len(h.body) > 5_000 and _strictly_unreadable(h)),
    "nested_json": ({}, lambda h: h.body.startswith(b"[[[") and _strictly_unreadable(h)),
    "bom": ({}, lambda h: h.body.startswith(b"\xef\xbb\xbf{")),
    "utf16": ({}, lambda h: h.body[:2] in (b"\xff\xfe", b"\xfe\xff")),
    "invalid_utf8": ({}, _strictly_unreadable),
    "gzip": ({}, lambda h: gzip.decompress(h.body).startswith(b"{")),
    "gzip_corrupt": ({}, _corrupt),
    "gzip_bomb": ({"bytes": 200_000}, _bomb),
    "wrong_content_type": ({}, lambda h: h.headers["content-type"] == "image/png"),
    "bool_id": ({}, lambda h: _order(h) is True),
    "null_id": ({}, lambda h: _order(h) is None),
    "zero_id": ({}, lambda h: _order(h) == 0),
    "negative_id": ({}, lambda h: _order(h) < 0),
    "float_id": ({}, lambda h: isinstance(_order(h), float)),
    "padded_id": ({}, lambda h: _order(h).startswith(" +")),
    "unicode_id": ({}, lambda h: _order(h).isdecimal() and not _order(h).isascii()),
    "wrong_types": ({}, lambda h: isinstance(_order(h), dict)),
    "order_and_error": ({}, lambda h: set(h.json()) == {"order", "error"}),
    "generic_error": ({}, lambda h: "Something went wrong" in h.json()["error"]),
    "error_reply": ({"reason": "funds"}, lambda h: h.json()["error"].startswith("Not enough")),
    "whole_batch_error": ({}, lambda h: h.json() == {"error": "Incorrect order ID"}),
    **{
        f"http_{status}": ({}, partial(_has_status, status))
        for status in (400, 401, 403, 404, 405, 413, 500, 502, 503, 504)
    },
    **{
        f"http_{status}": ({"location": "/moved"}, partial(_redirects, status))
        for status in (301, 302, 303, 307, 308)
    },
    "http_429": (
        {"retry_after": 9},
        lambda h: h.status == 429 and h.headers["retry-after"] == "9",
    ),
}
