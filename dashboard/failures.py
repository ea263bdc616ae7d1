"""Pages for what went wrong. 500.html and 503.html are drawn without anything of ours."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit, urlunsplit

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.defaults import server_error

from core.web.kept_forms import KeptForm

from .kept_orders import order_in
from .signing_in import ended_here, htmx_event, is_of_another_person

TOO_LONG = "You logged in or out since this page was drawn. Nothing was done: press it again."
RETRY_AFTER_SECONDS = 5


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token, nearly always because the log-in changed under an open page."""
    if request.headers.get("HX-Request"):  # which no other site can make a browser send
        if is_of_another_person(request) and request.path != reverse("log-in-again"):
            return ended_here(request)  # with our token its next form would be sent in our name
        return htmx_event(TOO_LONG, status=403, token=get_token(request))
    kept = KeptForm.of(request)
    person = getattr(request, "user", None)  # missing where a middleware before it refused
    order = order_in(kept, person) if person is not None else None
    context = {"kept": kept, "kept_order": order, "shell": _shell(request)}
    return render(request, "dashboard/form_too_old.html", context, status=403)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Who may do it, in the words of the refusal, inside the desk that the person knows."""
    return _in_the_desk(request, "403.html", status=403, exception=str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _in_the_desk(request, "404.html", status=404)


def _in_the_desk(
    request: HttpRequest, template: str, *, status: int, **context: str
) -> HttpResponse:
    ways = {"shell": _shell(request), "came_from": _came_from(request)}
    return render(request, template, ways | context, status=status)


def _shell(request: HttpRequest) -> str:
    """With the sidebar for who is logged in; a live part shows nothing of the page anyway."""
    user = getattr(request, "user", None)  # missing where a middleware before it refused
    is_in = user is not None and user.is_authenticated and not request.headers.get("HX-Request")
    return "base.html" if is_in else "bare.html"


def _came_from(request: HttpRequest) -> str:
    """The path of the page of ours that led here, or nothing."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}):
        return ""
    parts = urlsplit(page)
    path = urlunsplit(("", "", parts.path, parts.query, ""))
    return "" if path in ("", "/", request.get_full_path()) else path


def broke(request: HttpRequest) -> HttpResponse:
    """An error of ours is a 500. A database that is away for a moment is a 503, and says so."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return server_error(request)
    answer = HttpResponse(render_to_string("503.html"), status=503)
    answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer
