"""The halt for every text a request brings: what no database can hold never gets past it."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils.http import parse_header_parameters

from ..texts import readable_json
from .uploads import InMemory, is_too_large

CURRENT_URL = "HTTP_HX_CURRENT_URL"  # taken apart by django_htmx, which trusts it
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
Asked = TypeVar("Asked", bound=QueryDict)
_UTF_8 = frozenset({"utf-8", "ascii"})  # as codecs calls them; ASCII is a part of UTF-8


class ReadableText:
    """Middleware: path, headers, cookies, query and form as `readable_json` leaves them. A form in
    another encoding than UTF-8 is refused: read wrongly, it would be ordered wrongly. A body that
    is too long is refused unread."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        headers = {name: text for name, text in request.META.items() if name.startswith("HTTP_")}
        request.path, request.path_info, request.COOKIES, headers = readable_json(
            [request.path, request.path_info, request.COOKIES, headers]
        )
        request.META.update(headers)
        _drop_unreadable_address(request.META)
        if is_too_large(request):
            return render(request, "too_large.html", status=413)
        request.upload_handlers = [InMemory(request)]
        if not _is_utf_8(request.encoding) and request.method in _WITH_BODY:
            return render(request, "not_utf_8.html", status=400)
        if request.encoding is not None:
            request.encoding = "utf-8"  # UTF-8 by another name, or said of a body that is not there
        request.GET = _cleaned(request.GET)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> None:
        """The form last, where the check of its token would read it: not for pages that are not."""
        if request.method == "POST":
            request.POST = _cleaned(request.POST)


def _drop_unreadable_address(meta: dict[str, Any]) -> None:
    address = meta.get(CURRENT_URL, "")
    try:
        urlsplit(address)
        urlsplit(unquote(address))
    except ValueError:
        del meta[CURRENT_URL]


def understood(content_type: str) -> str:
    """The content type, or one without a form where Django could not even make a request of it:
    its charset is no encoding of text, or its parameters are in one that nobody knows."""
    try:
        _, parameters = parse_header_parameters(content_type)
        b"a".decode(parameters.get("charset", "utf-8"), "replace")
    except (LookupError, ValueError):
        return "application/octet-stream"
    return content_type


def _is_utf_8(encoding: str | None) -> bool:
    return encoding is None or codecs.lookup(encoding).name in _UTF_8


def _cleaned(asked: Asked) -> Asked:
    """The same, if there is nothing to clean."""
    pairs = [[name, value] for name, values in asked.lists() for value in values]
    clean = readable_json(pairs)
    if clean == pairs:
        return asked
    found = asked.copy()
    found.clear()
    for name, value in clean:
        found.appendlist(name, value)
    return cast(Asked, found)
