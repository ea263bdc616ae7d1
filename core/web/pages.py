"""Drawing a whole page or only the fragment of it that htmx asked for."""

from __future__ import annotations

from .policy import StaffRequest


def page_or_part(request: StaffRequest, template: str, part: str) -> str:
    """The template, or `template#part` for an htmx swap.

    Boosted visits and history restores want the whole page although htmx makes them.
    """
    htmx = request.htmx
    if htmx and not htmx.boosted and not htmx.history_restore_request:
        return f"{template}#{part}"
    return template
