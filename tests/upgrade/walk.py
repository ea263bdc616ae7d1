"""Run inside an upgraded desk by test_upgrade: walk every page."""

from __future__ import annotations

import json
from collections import deque
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

from django.test import Client
from django.urls import resolve

from core.models import User
from core.roles import Role
from tests.builders import log_in

MOST_PAGES = 600
MOST_OF_A_KIND = 12  # one view with other rows; a list has as many pages as it has filters
LEAVES = "/log-out/"


class _Links(HTMLParser):
    """Where one may go from a page without changing anything: links and what htmx gets."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.found += [url for name in ("href", "hx-get") if (url := told.get(name))]


def every_page() -> None:
    """Print how each view answered to an admin who follows every link from the overview."""
    browser = Client()
    log_in(browser, User.objects.get(username=Role.ADMIN.value))
    waiting, known = deque(["/"]), {"/"}
    seen: dict[str, int] = {}
    wrong: list[str] = []
    while waiting and sum(seen.values()) < MOST_PAGES:
        url = waiting.popleft()
        view = resolve(urlsplit(url).path).view_name
        if seen.get(view, 0) >= MOST_OF_A_KIND:
            continue
        seen[view] = seen.get(view, 0) + 1
        answer = browser.get(url, HTTP_HOST="localhost")
        if answer.status_code not in (200, 302):
            wrong.append(f"{url} answers {answer.status_code}")
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            continue
        links = _Links()
        links.feed(answer.content.decode())
        for link in links.found:
            path = urldefrag(urljoin(url, link)).url
            parts = urlsplit(path)
            if parts.netloc or parts.path.startswith(("/static/", LEAVES)) or path in known:
                continue
            known.add(path)
            waiting.append(path)
    print(json.dumps({"seen": seen, "wrong": wrong}))
