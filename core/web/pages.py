"""Drawing a whole page, only the fragment of it that htmx asked for, or one page of a list."""

from __future__ import annotations

import json
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpResponse

from core.rows.keyset import KeysetPage, keyset_page

from .policy import StaffRequest

Row = TypeVar("Row", bound=Model)


def page_or_part(request: StaffRequest, template: str, part: str) -> str:
    """The template, or `template#part` for an htmx swap.

    Boosted visits and history restores want the whole page although htmx makes them.
    """
    htmx = request.htmx
    if htmx and not htmx.boosted and not htmx.history_restore_request:
        return f"{template}#{part}"
    return template


def asked_page(
    request: StaffRequest, rows: QuerySet[Row], *, keys: tuple[str, ...], size: int
) -> KeysetPage[Row]:
    """The page of a list at the cursor that its address names; the first where it names none."""
    return keyset_page(rows, keys=keys, cursor=request.GET.get("cursor", ""), size=size)


def with_toast(answer: HttpResponse, text: str, level: str) -> HttpResponse:
    """An answer to htmx that says something in the corner; a page shows messages by itself."""
    answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": text, "level": level}})
    return answer
