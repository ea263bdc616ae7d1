"""The throttles that frameworks and servers in front of them ship, in whatever form they answer.

They answer before the provider's own code has read the request, so nothing was done by it. Only
their own words count: a 429 in other words, or in none, may come from behind an accepted order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

from ..answers.coerce import text as plain_text
from ..answers.decode import says_success
from ..errors import RefusalCode
from .classify import LONGEST_SENTENCE, normalised, opening, refusal_code, wait_seconds

GATEWAY_FAILED: Final = (502, 504)  # it may have passed the request on before it gave up
LONGEST_WAIT_SECONDS: Final = 15 * 60

_MOST_PARTS: Final = 20
_DEEPEST: Final = 8
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


class Throttle(NamedTuple):
    """`said` is what a throttle of the usual kind said; empty when the answer is not clearly one,
    or was not read whole: then what it says of the request is not known. `is_likely`: some of its
    words are a throttle's, whatever else it says or was not read. What it says of the request it
    proves no more, and the next call should not come soon."""

    said: str = ""
    is_likely: bool = False


def throttle_in(body: Any, excerpt: str, http_status: int, *, is_html: bool) -> Throttle:
    """What of a throttle is in this answer."""
    if says_success(body) or _has_rows(body):
        return Throttle()
    if is_html:
        page = _page(excerpt)
        return Throttle(page if http_status == 429 else "", bool(page))
    spoken = list(_spoken(excerpt if body is None else body))
    throttled = [said for said in spoken if _is_throttle(said.text, http_status)]
    clear = [said for said in throttled if said.whole]
    rest = [said for said in spoken if said not in clear]
    adds_nothing = all(said.whole and normalised(said.text) in _SAYS_NO_MORE for said in rest)
    may_be_from_behind = http_status in GATEWAY_FAILED or 300 <= http_status < 400
    is_clear = bool(clear) and adds_nothing and not may_be_from_behind
    return Throttle(clear[0].text if is_clear else "", bool(throttled))


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


class _Said(NamedTuple):
    """A sentence; not `whole`: the beginning of what was not read to its end."""

    text: str
    whole: bool = True


_NOT_HEARD: Final = _Said("", whole=False)


def _spoken(said: Any, depth: int = _DEEPEST) -> Iterator[_Said]:
    """The sentences of an answer: a text, a list of them, or what stands under the usual names."""
    if isinstance(said, str):
        text = plain_text(said, LONGEST_SENTENCE + 1)
        if len(text) > LONGEST_SENTENCE:
            yield _Said(opening(text), whole=False)
        elif text:
            yield _Said(text)
    elif isinstance(said, list):
        yield from _heard(said, depth)
    elif isinstance(said, dict):
        named = (value for name, value in said.items() if name.strip().lower() in _SPOKEN)
        yield from _heard(named, depth)


def _heard(parts: Iterable[Any], depth: int) -> Iterator[_Said]:
    for number, part in enumerate(parts):
        if not depth or number == _MOST_PARTS:
            yield _NOT_HEARD
            return
        yield from _spoken(part, depth - 1)


def _page(excerpt: str) -> str:
    """The title or heading of an HTML page that is a throttle's own."""
    for match in _TITLE.finditer(excerpt):
        said = plain_text(match[2], LONGEST_SENTENCE)
        if normalised(said) in _PAGE_TITLES:
            return said
    return ""
