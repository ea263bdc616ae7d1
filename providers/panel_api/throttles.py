"""The throttles that frameworks and servers in front of them ship, in whatever form they answer.

They answer before the provider's own code has read the request, so nothing was done by it. Only
their own words count: a 429 in other words, or in none, may come from behind an accepted order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from .coerce import text as plain_text
from .decode import says_success
from .errors import RefusalCode
from .refusals import normalised, refusal_code, wait_seconds

GATEWAY_FAILED: Final = (502, 504)  # it may have passed the request on before it gave up
LONGEST_WAIT_SECONDS: Final = 15 * 60

_LONGEST = 300
_SPOKEN: Final = frozenset(
    {
        *("message", "msg", "error", "errors", "detail", "title", "reason", "error_msg"),
        *("error_message", "errormessage", "hydra:description", "error_name", "name"),
    }
)
# Where one of these stands beside it: "An error occurred: Too Many Requests".
_SAYS_NO_MORE: Final = frozenset(
    {
        *("an error occurred", "error", "errors", "fail", "failed", "client error", "exception"),
        *("internal server error", "httpexception", "request failed", "http exception", "#"),
        *("try again later", "please try again later", "false"),
    }
)
# Too short to prove anything but with the code that says the same.
_WITH_429: Final = frozenset(
    {
        *("retry later", "slow down", "limit exceeded", "throttled", "local rate limited", "#"),
        *("error code #", "rate limit", "too many", "too many requests error", "ratelimited"),
        *("try again later", "please try again later", "too many connections", "rate limited"),
    }
)
_LIMITERS: Final = re.compile(r"ratelimiter \S+ does not permit further calls")
_TITLE: Final = re.compile(r"<(title|h1|h2)[^>]*>(.{1,200}?)</\1>", re.IGNORECASE | re.DOTALL)
_PAGE_TITLES: Final = frozenset(
    {
        *("too many requests", "# too many requests", "error # too many requests"),
        *("an error occurred too many requests", "# error too many requests"),
        *("you are being rate limited", "rate limited", "rate limit exceeded"),
    }
)
_WAIT_NAMES: Final = ("retry_after", "retryafter", "retry-after", "retry_in", "wait")


def stock_throttle(body: Any, excerpt: str, http_status: int, *, is_html: bool) -> str:
    """What a throttle of the usual kind said; empty when this answer is not clearly one."""
    if http_status in GATEWAY_FAILED or 300 <= http_status < 400 or says_success(body):
        return ""
    if _has_rows(body):
        return ""
    if is_html:
        return _page(excerpt) if http_status == 429 else ""
    spoken = list(_spoken(excerpt if body is None else body))
    throttled = [said for said in spoken if _is_throttle(said, http_status)]
    rest = {normalised(said) for said in spoken if said not in throttled}
    return throttled[0] if throttled and rest <= _SAYS_NO_MORE else ""


def named_wait(body: Any, excerpt: str) -> float | None:
    """The seconds to wait that the body of a throttle names, at most 15 minutes."""
    for part in (body, body.get("error") if isinstance(body, dict) else None):
        for name, value in part.items() if isinstance(part, dict) else ():
            if name.strip().lower() in _WAIT_NAMES and isinstance(value, int | Decimal):
                return min(max(float(value), 0.0), LONGEST_WAIT_SECONDS)
    seconds = wait_seconds(excerpt)
    return None if seconds is None else min(float(seconds), LONGEST_WAIT_SECONDS)


def _has_rows(body: Any) -> bool:
    """A list of several answers: what one of them says is not said of the others."""
    return isinstance(body, list) and len(body) > 1 and any(isinstance(row, dict) for row in body)


def _is_throttle(said: str, http_status: int) -> bool:
    words = normalised(said)
    if refusal_code(said) is RefusalCode.RATE_LIMIT or _LIMITERS.fullmatch(said.lower().strip()):
        return True
    return http_status == 429 and words in _WITH_429


def _spoken(said: Any, depth: int = 3) -> Iterator[str]:
    """The sentences of an answer: a text, a list of a few, or what stands under the usual names.
    What is longer than a sentence, or deeper, is not heard, neither for a throttle nor against."""
    if isinstance(said, str):
        if 0 < len(text := plain_text(said, _LONGEST + 1)) <= _LONGEST:
            yield text
    elif depth and isinstance(said, list):
        for part in said[:3]:
            yield from _spoken(part, depth - 1)
    elif depth and isinstance(said, dict):
        for name, value in said.items():
            if name.strip().lower() in _SPOKEN:
                yield from _spoken(value, depth - 1)


def _page(excerpt: str) -> str:
    """The title or heading of an HTML page that is a throttle's own."""
    for match in _TITLE.finditer(excerpt):
        said = plain_text(match[2], _LONGEST)
        if normalised(said) in _PAGE_TITLES:
            return said
    return ""
