"""Pages for what went wrong. 500.html and 503.html are drawn without anything of ours."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.defaults import server_error

RETRY_AFTER_SECONDS = 5


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token, nearly always because the log-in changed under an open page."""
    if request.headers.get("HX-Request"):
        return HttpResponse("This page was open too long. Reload it.", status=403)
    return render(request, "dashboard/form_too_old.html", status=403)


def broke(request: HttpRequest) -> HttpResponse:
    """An error of ours is a 500. A database that is away for a moment is a 503, and says so."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return server_error(request)
    answer = HttpResponse(render_to_string("503.html"), status=503)
    answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer
