"""A live part that would be drawn as the page shows it is not sent again: 204, and htmx leaves the
page alone. static/js/live_parts.js keeps the digest of what it has drawn beside the part."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.crypto import salted_hmac

SHOWN = "Desk-Shown"
# What two drawings of the same differ in: masks of one CSRF secret, times that the page itself
# keeps fresh (static/js/relative_times.js).
_MASKED = re.compile(
    rb'(name="csrfmiddlewaretoken" value="|"X-CSRFToken": ")\w+'
    rb'|(<time [^>]*\bdata-when="\w*">)[^<]*'
)


class UnchangedParts:
    """Middleware. A part that asks again by itself says in `Desk-Shown` what it shows ("none" when
    it does not know); whoever does not send it gets what there is, at no cost."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        shown = request.headers.get(SHOWN)
        if shown is None or request.method != "GET" or not isinstance(answer, HttpResponse):
            return answer
        patch_vary_headers(answer, [SHOWN])
        patch_cache_control(answer, private=True, no_store=True)
        if answer.status_code == 200 and not _says_more(answer):
            _leave_out_if_shown(answer, shown, _digest(request, answer.content))
        return answer


def _says_more(answer: HttpResponse) -> bool:
    """htmx is told to do something beside drawing: to leave, to say something in the corner."""
    return any(name.lower().startswith("hx-") for name in answer.headers)


def _leave_out_if_shown(answer: HttpResponse, shown: str, digest: str) -> None:
    answer.headers[SHOWN] = digest
    if shown == digest:
        answer.status_code = 204
        answer.content = b""
        del answer.headers["Content-Type"]


def _digest(request: HttpRequest, drawn: bytes) -> str:
    """Of all that is sent, also of what goes elsewhere on the page. The CSRF secret belongs to it:
    after a new log-in the forms of the part are drawn with tokens that hold."""
    secret = str(request.META.get("CSRF_COOKIE", "")).encode()
    bare = _MASKED.sub(lambda found: found[1] or found[2], drawn)
    return salted_hmac("core.web.live_parts", secret + b"\n" + bare, algorithm="sha256").hexdigest()
