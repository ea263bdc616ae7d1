"""What one call brought back, read as strict JSON and free of the key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ..dialect import Dialect
from ..errors import Evidence, RefusalCode, Unavailable
from ..http.credentials import SecretKey
from ..http.transport import Delivery
from ..refusals.classify import refusal_code
from ..refusals.throttles import Throttle, named_wait, throttle_in
from .decode import REASON_LENGTH, error_texts
from .strict_json import NotJson, parse

EXCERPT_LENGTH: Final = 4096
LONGEST_WAIT: Final = timedelta(minutes=15)
_CHALLENGES: Final = ("just a moment", "captcha", "cf-chl", "attention required", "ddos")
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")  # no database holds them


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole HTTP answer. `unreadable` says why `body` is None although bytes came.

    `excerpt` is at most 4 KiB of the text, with the key replaced; so is everything in `body`.
    `framed` is true when the end of the body was marked, so that it was not cut short.
    """

    body: Any
    unreadable: str
    http_status: int
    content_type: str
    excerpt: str
    sha256: str
    elapsed_ms: int
    framed: bool
    retry_after: str = ""
    location: str = ""
    throttle: Throttle = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found = throttle_in(self.body, self.excerpt, self.http_status, is_html=self.is_html)
        object.__setattr__(self, "throttle", found)

    @property
    def is_html(self) -> bool:
        start = self.excerpt.lstrip("\ufeff \t\r\n")[:200].lower()
        return start.startswith(("<!doctype", "<html", "<head", "<body", "<title", "<script"))

    @property
    def is_success(self) -> bool:
        return 200 <= self.http_status < 300

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.http_status < 400

    def refusals(self, dialect: Dialect) -> tuple[tuple[str, RefusalCode], ...]:
        """What the provider said went wrong, each sentence with what it is known to mean. One
        that was not read to its end means nothing that is known."""
        said = error_texts(self.body, self.http_status)
        known = tuple((text[:REASON_LENGTH], refusal_code(text, dialect.refusals)) for text in said)
        reviewed = known and all(code is not RefusalCode.UNLISTED for _, code in known)
        if not reviewed and self.throttle.said:
            return ((self.throttle.said, RefusalCode.RATE_LIMIT),)
        return known

    def refusal(self, dialect: Dialect) -> tuple[str, RefusalCode] | None:
        """Its first sentence, with what all of them mean."""
        return together(self.refusals(dialect))

    @property
    def trouble(self) -> str:
        """Why this is not an answer from the provider's API, in words for staff; empty if it is."""
        start, is_html = self.excerpt[:2000].lower(), self.is_html
        if is_html and any(word in start for word in _CHALLENGES):
            return "A browser check page came instead of an answer."
        if self.is_redirect:
            return f"The provider answered with a redirect (HTTP {self.http_status})."
        if self.http_status >= 500:
            return f"The provider's server failed (HTTP {self.http_status})."
        if is_html:
            return "A web page came instead of an answer."
        if not self.is_success:
            return f"The provider answered with HTTP {self.http_status}."
        if not self.sha256 or not self.excerpt.strip():
            return "The answer is empty."
        return self.unreadable

    def must_be_readable(self) -> None:
        """Raise Unavailable unless a read brought back JSON with a successful HTTP code."""
        if reason := self.trouble:
            raise Unavailable(reason, self.evidence(reason))

    def evidence(self, reason: str, *, candidate_id: str = "") -> Evidence:
        return Evidence(
            reason=reason,
            bytes_left=True,
            http_status=self.http_status,
            content_type=self.content_type,
            body_excerpt=self.excerpt,
            body_sha256=self.sha256,
            elapsed_ms=self.elapsed_ms,
            candidate_id=candidate_id,
        )

    def ask_again_at(self, now: datetime) -> datetime | None:
        """The moment that `Retry-After` or the body names, at most 15 minutes away."""
        text = self.retry_after.strip()
        try:
            if _SECONDS.fullmatch(text):
                wait = timedelta(seconds=min(float(text[:9]), LONGEST_WAIT.total_seconds()))
            else:
                until = parsedate_to_datetime(text)
                wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
        except (ValueError, OverflowError):
            seconds = named_wait(self.body, self.excerpt)
            return None if seconds is None else now + timedelta(seconds=seconds)
        return now + max(timedelta(0), min(wait, LONGEST_WAIT))


def together(refusals: Sequence[tuple[str, RefusalCode]]) -> tuple[str, RefusalCode] | None:
    """The first of these sentences, with what all of them mean; None for none."""
    if not refusals:
        return None
    reviewed = all(code is not RefusalCode.UNLISTED for _, code in refusals)
    return refusals[0] if reviewed else (refusals[0][0], RefusalCode.UNLISTED)


def read_answer(delivery: Delivery, key: SecretKey) -> Answer:
    """The delivery's bytes as JSON. The key is taken out first, so that no result can hold it."""
    body, unreadable = None, ""
    try:
        body = parse(key.redact(delivery.body.decode("utf-8-sig")))
    except NotJson as error:
        unreadable = str(error)
    except UnicodeDecodeError:
        unreadable = "The answer is not UTF-8 text."
    return Answer(
        body=body,
        unreadable=unreadable,
        http_status=delivery.http_status or 0,
        content_type=seen(delivery.content_type, key),
        excerpt=excerpt(delivery.body, key),
        sha256=delivery.sha256,
        elapsed_ms=delivery.elapsed_ms,
        framed=delivery.framed,
        retry_after=seen(delivery.retry_after, key),
        location=seen(delivery.location, key),
    )


def seen(text: str, key: SecretKey) -> str:
    """The halt for every text beside the values of a body (`coerce` has those): as it may be kept
    and shown, without the key and without what no database holds."""
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", key.redact(text)) if text else ""


def excerpt(body: bytes, key: SecretKey) -> str:
    """The beginning of a body for a person to see. A key across the cut is replaced too."""
    window = body[: 4 * EXCERPT_LENGTH + key.longest_spelling].decode("utf-8", "replace")
    text = seen(window, key)
    while len(text.encode()) > EXCERPT_LENGTH:
        text = text[: min(len(text) - 1, EXCERPT_LENGTH * len(text) // len(text.encode()))]
    return text


def failure_evidence(delivery: Delivery, key: SecretKey) -> Evidence:
    return Evidence(
        reason=seen(delivery.failure, key),
        bytes_left=delivery.bytes_left,
        http_status=delivery.http_status,
        elapsed_ms=delivery.elapsed_ms,
        exception_chain=tuple(seen(cause, key) for cause in delivery.exception_chain),
    )
