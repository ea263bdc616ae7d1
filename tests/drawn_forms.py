"""What a form of a page sends that nobody has typed: its hidden fields, as a browser keeps them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.test import Client


def hidden_in(browser: Client, page: str, to: str = "") -> dict[str, str]:
    """Of the last form of `page` that is sent to the address `to`, or to the page itself."""
    return hidden_of(browser.get(page).content.decode(), to or page)


def send(browser: Client, to: str, typed: dict[str, str], page: str = "") -> Any:
    """Typed into the form of `page`, or of the page at `to`, and followed to where it leads."""
    return browser.post(to, typed | hidden_in(browser, page or to, to), follow=True)


def hidden_of(drawn: str, to: str) -> dict[str, str]:
    """The same of a page that was drawn already. A form without an address is sent to `to`."""
    reader = _Forms(to)
    reader.feed(drawn)
    return reader.found


class _Forms(HTMLParser):
    def __init__(self, to: str) -> None:
        super().__init__()
        self.to, self.is_inside, self.found = to, False, dict[str, str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.is_inside = told.get("action", self.to) == self.to
        elif tag == "input" and self.is_inside and told.get("type") == "hidden":
            self.found[told["name"]] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False
