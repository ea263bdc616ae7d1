"""What one call brought back, and what it means for the caller; the default is the cautious
reading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ..dialect import Dialect
from ..errors import (
    SERVER_ERROR,
    AccountRefused,
    Evidence,
    OutcomeUnknown,
    RefusalCode,
    Rejected,
    SlowDown,
    Unavailable,
)
from ..made import candidate_id, may_be_made
from ..refusals.classify import PROVE_NOT_PLACED, refusal_code
from ..refusals.throttles import LONGEST_WAIT_SECONDS, Throttle, named_wait, throttle_in
from ..results import Placed
from .decode import Unexpected, placed, placed_id
from .error_texts import REASON_LENGTH, error_texts
from .failure import why_failed

NO_ORDER: Final = "The answer names no order."
LONGEST_WAIT: Final = timedelta(seconds=LONGEST_WAIT_SECONDS)
_CHALLENGES: Final = ("just a moment", "captcha", "cf-chl", "attention required", "ddos")
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole HTTP answer, as `read_delivery` made it.

    `unreadable` says why `body` is None although bytes came.
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
        if self.http_status >= SERVER_ERROR:
            return f"The provider's server failed (HTTP {self.http_status})."
        if is_html:
            return "A web page came instead of an answer."
        if not self.is_success:
            return f"The provider answered with HTTP {self.http_status}."
        if not self.sha256 or not self.excerpt.strip():
            return "The answer is empty."
        return self.unreadable

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


def order_placed(answer: Answer, dialect: Dialect, now: datetime | None = None) -> Placed:
    """The order an answer to `add` proves. Raises Rejected if it proves a refusal.

    Everything else is OutcomeUnknown: what may be an order beside an error, an id with a failing
    HTTP code, words nobody has reviewed, redirects, server errors, and what is not JSON. `now` is
    for the moment to ask again, where one is named.
    """
    try:
        order_id = placed_id(answer.body, framed=answer.framed)
    except Unexpected:
        order_id = None
    refusals = answer.refusals(dialect)
    against = why_failed(answer.body, order_id, dialect.refusals) if order_id else ""
    if order_id and answer.is_success and not refusals and not against:
        return replace(placed(answer.body, order_id), evidence=answer.evidence("Accepted."))
    candidate = order_id or candidate_id(answer.body)
    may_be_there = bool(order_id) or may_be_made(answer.body, "order")
    until = answer.ask_again_at(now) if now else None
    reviewed = bool(refusals) and all(code in PROVE_NOT_PLACED for _, code in refusals)
    if reviewed and not may_be_there and can_prove(answer):
        reason, code = refusals[0]
        raise Rejected(reason, code, answer.evidence(reason), until=until)
    reason = refusals[0][0] if refusals else answer.trouble or against[:REASON_LENGTH] or NO_ORDER
    raise OutcomeUnknown(
        reason,
        answer.evidence(reason, candidate_id=candidate),
        account_trouble=account_trouble(answer, dialect, may_be_made=may_be_there),
        until=until,
    )


def can_prove(answer: Answer) -> bool:
    """Words in it may prove a refusal; those of a redirect or a failing server never do, but for
    a throttle's own: it speaks before the provider's code, whatever code it sends."""
    is_refused = 400 <= answer.http_status < SERVER_ERROR
    return answer.is_success or is_refused or bool(answer.throttle.said)


def account_trouble(
    answer: Answer, dialect: Dialect, *, may_be_made: bool = False
) -> RefusalCode | None:
    """What an answer in unknown words still says of the account: one error with 401 or 403 is
    about the key, 429 about the number of calls, and so are a throttle's words among others.
    Beside what may have been made nothing is said of the key."""
    if _asks_for_rest(answer):
        return RefusalCode.RATE_LIMIT
    if not may_be_made and answer.http_status in (401, 403) and len(answer.refusals(dialect)) == 1:
        return RefusalCode.KEY
    return None


def heed(
    answer: Answer,
    dialect: Dialect,
    now: datetime,
    *,
    write: bool = False,
    about_account: bool = False,
) -> tuple[str, RefusalCode] | None:
    """Raise what concerns the account as a whole: SlowDown or AccountRefused. Otherwise what the
    answer says went wrong, as `Answer.refusal`.

    After a write only an answer in nothing but reviewed words does so: a bare 429 may come from a
    server in between, and what else is said may be that it was done. `about_account` is true of a
    read that asks for nothing in particular: a 403 is then no refusal of one order.
    """
    refusals = answer.refusals(dialect)
    codes = {code: reason for reason, code in reversed(refusals)}
    if write and (RefusalCode.UNLISTED in codes or not can_prove(answer)):
        return together(refusals)
    if RefusalCode.RATE_LIMIT in codes or (not write and _asks_for_rest(answer)):
        reason = codes.get(RefusalCode.RATE_LIMIT, "The provider asks for fewer calls.")
        raise SlowDown(reason, answer.ask_again_at(now), answer.evidence(reason))
    for code in (RefusalCode.KEY, RefusalCode.INACTIVE):
        if code in codes:
            raise AccountRefused(codes[code], answer.evidence(codes[code]))
    may_be_one_order = answer.http_status == 403 and not about_account
    unlisted = codes.keys() == {RefusalCode.UNLISTED}
    if unlisted and not write and not may_be_one_order and account_trouble(answer, dialect):
        reason = codes[RefusalCode.UNLISTED]
        raise AccountRefused(reason, answer.evidence(reason))
    return together(refusals)


def refusal_of_read(
    answer: Answer, dialect: Dialect, now: datetime, *, about_account: bool = False
) -> tuple[str, RefusalCode] | None:
    """As `heed`. Raises Unavailable as well, for what refuses nothing and is not JSON with a
    successful HTTP code."""
    refusal = heed(answer, dialect, now, about_account=about_account)
    if refusal is None and (reason := answer.trouble):
        raise Unavailable(reason, answer.evidence(reason))
    return refusal


def _asks_for_rest(answer: Answer) -> bool:
    return answer.http_status == 429 or answer.throttle.is_likely
