"""How long a log-in lasts: longer while somebody works, and not more than some days."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase

from core import clocks
from core.web.live_parts import SHOWN

BEGUN = "begun"  # seconds of the clock: the log-in, or the first sight of a session without it
USED = "used"  # when the end was moved last

log = logging.getLogger(__name__)


class SlidingSession:
    """Middleware. A part that refreshes itself does not count as work: a browser left open over
    night is logged out like one that was closed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            now = int(time.time())
            if _is_too_old(request.session, now):
                logout(request)
            elif SHOWN not in request.headers and _is_due(request.session, now):
                _slide(request.session, now)
        return self.get_response(request)


def begin(sender: object, request: HttpRequest, **more: object) -> None:
    now = int(time.time())
    request.session.update({BEGUN: now, USED: now})


def _is_too_old(session: Any, now: int) -> bool:
    begun: int = session.get(BEGUN, now)
    return now - begun >= clocks.SESSION_MOST_SECONDS


def _is_due(session: Any, now: int) -> bool:
    """Also where the clock was set back since, or the session would last that much longer."""
    used: int = session.get(USED, 0)
    return abs(now - used) >= clocks.SESSION_SLIDE_SECONDS


def _slide(session: Any, now: int) -> None:
    begun = min(session.get(BEGUN, now), now)
    session.update({BEGUN: begun, USED: now})
    session.set_expiry(min(clocks.SESSION_SECONDS, begun + clocks.SESSION_MOST_SECONDS - now))
    try:
        session.save()  # and once more with the answer, which sends the cookie again
    except (DatabaseError, UpdateError) as error:
        # A page can be read while nothing can be written. It slides with the next one.
        session.modified = False
        log.warning("A session was not prolonged: %s.", type(error).__name__)
