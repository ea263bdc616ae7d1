"""Drawing a whole page or only the fragment of it that htmx asked for."""

from __future__ import annotations

import json

from django.http import HttpResponse

from .policy import StaffRequest


def page_or_part(request: StaffRequest, template: str, part: str) -> str:
    """The template, or `template#part` for an htmx swap.

    Boosted visits and history restores want the whole page although htmx makes them.
    """
    htmx = request.htmx
    if htmx and not htmx.boosted and not htmx.history_restore_request:
        return f"{template}#{part}"
    return template


def with_toast(answer: HttpResponse, text: str, level: str) -> HttpResponse:
    """An answer to htmx that says something in the corner; a page shows messages by itself."""
    answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": text, "level": level}})
    return answer
