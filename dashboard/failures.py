"""Pages for what went wrong. 500.html is drawn by Django alone, without anything of ours."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token, nearly always because the log-in changed under an open page."""
    if request.headers.get("HX-Request"):
        return HttpResponse("This page was open too long. Reload it.", status=403)
    return render(request, "dashboard/form_too_old.html", status=403)
