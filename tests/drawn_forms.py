"""What a form of a page sends that nobody has typed: its hidden fields, as a browser keeps them;
and every form of a page with all that it may send."""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass
class DrawnForm:
    """`sends`: each name with its value, of boxes and buttons as if they had been pressed."""

    method: str
    to: str
    sends: list[tuple[str, str]] = field(default_factory=list)


def forms_of(drawn: str, page: str) -> list[DrawnForm]:
    """Those of a page; one without an address is sent to `page`. What is sent by htmx alone counts
    as a form without fields."""
    reader = _AllForms(page)
    reader.feed(drawn)
    for name, pair in reader.beside:
        if name in reader.named:
            reader.named[name].sends.append(pair)
    return reader.found


class _AllForms(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.found, self.named = page, list[DrawnForm](), dict[str, DrawnForm]()
        self.beside = list[tuple[str, tuple[str, str]]]()  # fields that name their form
        self.form: DrawnForm | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form" or told.keys() & {"hx-post", "hx-get"}:
            self._begin(tag, told)
        elif tag == "select":
            self.select = told.get("name", "")
        elif tag == "option" and self.select and told.get("value"):
            self._send(told | {"name": self.select})
            self.select = "" if "selected" in told else self.select
        elif tag in ("input", "textarea", "button") and told.get("name"):
            self._send(told)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = ""

    def _begin(self, tag: str, told: dict[str, str]) -> None:
        to = told.get("hx-post") or told.get("hx-get") or told.get("action") or self.page
        is_post = "hx-post" in told or told.get("method", "").lower() == "post"
        form = DrawnForm("POST" if is_post else "GET", to)
        self.found.append(form)
        if tag == "form":
            self.form, self.named[told.get("id", "")] = form, form

    def _send(self, told: dict[str, str]) -> None:
        pair = told["name"], told.get("value", "")
        if "form" in told:
            self.beside.append((told["form"], pair))
        elif self.form is not None:
            self.form.sends.append(pair)
