"""What came over the wire as an answer, or as evidence that none did: strict JSON, free of the key
and of what no database holds."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from ..errors import Evidence
from ..http.request import SecretKey
from ..http.transport import Delivery
from .answer import Answer
from .strict_json import NotJson, parse

EXCERPT_LENGTH: Final = 4096
SHORT, LONGEST_TEXT = 100, 200  # of what stands beside a body, cut once it is free of the key
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")  # no database holds them


def read_answer(delivery: Delivery, key: SecretKey) -> Answer:
    """The delivery's bytes as JSON. The key is taken out first, so that no result can hold it."""
    body, unreadable = None, ""
    try:
        text = key.redact(delivery.body.decode())
        body = parse(text.removeprefix("\ufeff"))
    except UnicodeDecodeError:
        text = key.redact(delivery.body.decode(errors="replace"))
        unreadable = "The answer is not UTF-8 text."
    except NotJson as error:
        unreadable = str(error)
    return Answer(
        body=body,
        unreadable=unreadable,
        http_status=delivery.http_status or 0,
        content_type=seen(delivery.content_type, key)[:SHORT],
        excerpt=_excerpt(text),
        sha256=hashlib.sha256(delivery.body).hexdigest(),
        elapsed_ms=delivery.elapsed_ms,
        framed=delivery.framed,
        retry_after=seen(delivery.retry_after, key)[:SHORT],
        location=seen(delivery.location, key)[:LONGEST_TEXT],
    )


def seen(text: str, key: SecretKey) -> str:
    """The halt for every text beside the values of a body (`coerce` has those): as it may be kept
    and shown, without the key and without what no database holds."""
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", key.redact(text)) if text else ""


def _excerpt(text: str) -> str:
    """The beginning of a text without the key, for a person to see."""
    text = _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text[:EXCERPT_LENGTH])
    while len(text.encode()) > EXCERPT_LENGTH:
        text = text[: min(len(text) - 1, EXCERPT_LENGTH * len(text) // len(text.encode()))]
    return text


def failure_evidence(delivery: Delivery, key: SecretKey) -> Evidence:
    return Evidence(
        reason=seen(delivery.failure, key),
        bytes_left=delivery.bytes_left,
        http_status=delivery.http_status,
        elapsed_ms=delivery.elapsed_ms,
        exception_chain=tuple(seen(one, key)[:LONGEST_TEXT] for one in delivery.exception_chain),
    )
