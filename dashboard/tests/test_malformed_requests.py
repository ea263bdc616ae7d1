"""No request breaks a page, whatever is written into it: every address, as everybody, on either
database. The walk is drawn from its seed, so that what it finds is found again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, cast
from urllib.parse import quote_plus

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client

from core.roles import Role
from dashboard.tests.test_policy import EVERYBODY, TABLE, address, browser_of
from dashboard.tests.test_readable_text import RAW, form_classes
from orders.status import CancelStatus, RefillStatus, Status
from providers.panel_api import PAYLOADS
from tests.builders import make_cancel, make_order, make_refill, make_service
from tests.drawn_forms import DrawnForm, forms_of
from tests.malformed_values import (
    BROKEN_BODIES,
    DAYS,
    FORM,
    HEADERS,
    HTMX,
    LONG,
    LONGEST_LINE,
    NUMBERS,
    VERBS,
    WORDS,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("watchdog_has_looked")]


ALSO_RAW = (
    *("another", "asked", "edit", "form_key", "hide", "keep", "kept", "like", "meant", "of"),
    *("only", "phrase", "recipe", "recipe_name", "repeated", "seen", "send", "shown", "step"),
    "top",
)


@dataclass(frozen=True)
class Request:
    who: str
    method: str
    path: str
    body: bytes = b""
    kind: str = FORM
    headers: dict[str, str] = field(default_factory=dict)
    with_token: bool = True

    def __str__(self) -> str:
        told = f"{self.who}: {self.method} {self.path[:300]!r} {self.kind} {self.body[:1500]!r}"
        return f"{told} {self.headers if self.headers else ''} token {self.with_token}"


class Walk:
    """Its requests: each address in its turn, all else by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.addresses = {name: address(name) for name in TABLE}
        self.values = plausible_values()
        self.cookies = {who: browser_of(who).cookies for who in EVERYBODY}
        self.browsers = {
            is_strict: Client(enforce_csrf_checks=is_strict, raise_request_exception=False)
            for is_strict in (False, True)
        }
        self.drawn: dict[str, list[DrawnForm]] = {}

    def requests(self, count: int) -> Iterator[Request]:
        names = list(TABLE)
        for turn in range(count):
            if turn % len(names) == 0:
                self.chance.shuffle(names)
            yield self._request(names[turn % len(names)])

    def send(self, request: Request) -> tuple[int, str]:
        """What was answered, and why where it broke. Nothing of it stays."""
        browser = self._browser(request.who, is_strict=not request.with_token)
        with _as_if_outermost():
            try:
                answer: Any = browser.generic(
                    request.method,
                    request.path,
                    request.body,
                    content_type=request.kind,
                    headers=request.headers,
                )
                if answer.streaming:
                    b"".join(answer.streaming_content)
            finally:
                transaction.set_rollback(True)
        why = repr(answer.exc_info[1])[:300] if getattr(answer, "exc_info", None) else ""
        return answer.status_code, why

    def _browser(self, who: str, *, is_strict: bool = False) -> Client:
        """With the cookies of the log-in, whatever was answered since."""
        browser = self.browsers[is_strict]
        browser.cookies = SimpleCookie(self.cookies[who].output(header="", attrs=[]).strip())
        return browser

    def _request(self, name: str) -> Request:
        makers = (self._blind, self._blind, self._of_a_form, self._of_a_form, self._broken)
        who = self.chance.choice([*EVERYBODY, Role.ADMIN, Role.MANAGER, Role.OPERATOR])
        return self.chance.choice(makers)(name, who)

    def _blind(self, name: str, who: str) -> Request:
        """Fields that forms of ours have, some with what they take, some with what nobody does."""
        pairs = [(one, self._value(one, 0.5)) for one in self._some(list(self.values), 12)]
        return self._sent(who, self.chance.choice(("GET", "POST")), self._path(name), pairs)

    def _of_a_form(self, name: str, who: str) -> Request:
        """A form as this page draws it for an admin, with one or two of its fields spoiled."""
        if name not in self.drawn:
            page = self._browser(Role.ADMIN).get(self.addresses[name])
            is_page = page.headers.get("Content-Type", "").startswith("text/html")
            drawn = page.content.decode() if is_page and not page.streaming else ""
            self.drawn[name] = forms_of(drawn, self.addresses[name])
        if not self.drawn[name]:
            return self._blind(name, who)
        form = self.chance.choice(self.drawn[name])
        pairs = [(one, value or self._value(one, 0.0)) for one, value in form.sends]
        for _ in range(min(len(pairs), self.chance.choice((1, 1, 2)))):
            at = self.chance.randrange(len(pairs))
            pairs[at] = (pairs[at][0], self._odd())
        return self._sent(who, form.method, form.to, pairs)

    def _broken(self, name: str, who: str) -> Request:
        path, headers = self._path(name), dict(self.chance.choice(HEADERS))
        case = self.chance.randrange(4)
        if case == 0:
            return Request(who, self.chance.choice(VERBS), path, b"a=1", headers=headers)
        if case == 1:
            kind, body = self.chance.choice(BROKEN_BODIES)
            return Request(who, "POST", path, body, kind)
        if case == 2:
            return Request(
                who,
                "POST",
                path,
                b"csrfmiddlewaretoken=%ff&csrfmiddlewaretoken=1",
                headers=headers,
                with_token=False,
            )
        return Request(who, "GET", path, headers=headers)

    def _sent(self, who: str, method: str, path: str, pairs: list[tuple[str, str]]) -> Request:
        if pairs and self.chance.random() < 0.2:
            pairs.append((pairs[0][0], self._odd()))
        if pairs and self.chance.random() < 0.1:
            pairs.append((f"{pairs[0][0]}[]", self._odd()))
        sent = "&".join(f"{_quoted(one)}={_quoted(value)}" for one, value in pairs)
        headers = HTMX if self.chance.random() < 0.3 else {}
        if method == "GET":
            between = "&" if "?" in path else "?"
            asked = f"{path}{between}{sent}"[:LONGEST_LINE]
            return Request(who, "GET", asked, headers=dict(headers))
        return Request(who, "POST", path, sent.encode(), headers=dict(headers))

    def _path(self, name: str) -> str:
        parts = self.addresses[name].split("/")
        at = [place for place, part in enumerate(parts) if part.isdigit()]
        if at and self.chance.random() < 0.3:
            parts[at[-1]] = quote_plus(self._odd_number(), errors="replace")
        return "/".join(parts)

    def _some(self, names: list[str], most: int) -> list[str]:
        return self.chance.sample(names, self.chance.randint(1, most))

    def _value(self, name: str, odd: float) -> str:
        fits = self.values.get(name)
        return self._odd() if not fits or self.chance.random() < odd else self.chance.choice(fits)

    def _odd_number(self) -> str:
        return self.chance.choice(NUMBERS)

    def _odd(self) -> str:
        if self.chance.random() < 0.01:
            return LONG
        return self.chance.choice(self.chance.choice((NUMBERS, NUMBERS, WORDS, DAYS)))


def _quoted(text: str) -> str:
    return quote_plus(text, errors="surrogatepass")


def _as_if_outermost() -> Any:
    """A transaction that code may take for the request's own."""
    within: Any = transaction.atomic()
    within._from_testcase = True
    return within


def plausible_values() -> dict[str, list[str]]:
    """What the fields of our forms take, by their names, and those that are read without a form."""
    found: dict[str, list[str]] = {name: ["1"] for name in sorted({*RAW, *ALSO_RAW})}
    for kind in form_classes():
        for name, one in getattr(kind, "base_fields", {}).items():
            found.setdefault(name, []).extend(_fitting(one))
    for payload in PAYLOADS.values():
        for name, ask in payload.asks().items():
            found.setdefault(name, []).append(str(ask.example))
            found.setdefault(ask.wire, []).append(str(ask.example))
    found |= {
        "scope": ["picked", "filter"],
        "kind": [*found.get("kind", []), "export", "tag", "cancel", "refill", "hold", "release"],
        "step": [*found.get("step", []), "edit", "skip", "take", "again", "place"],
        "days": ["7", "30", "90"],
        "service": [str(make_service().pk)],
        "orders": ["1", "1-3,5"],
        "text": ["1|https://a.example/b|100", "service,link,quantity\n1,https://a.example,5"],
    }
    return found


def _fitting(one: forms.Field) -> list[str]:
    if isinstance(one, forms.ModelChoiceField):
        return [str(row.pk) for row in one.queryset[:2]] if one.queryset is not None else ["1"]
    if isinstance(one, forms.ChoiceField):
        return [str(value) for value, _ in list(cast(Any, one.choices))[:6]]
    if isinstance(one, forms.BooleanField):
        return ["on"]
    if isinstance(one, (forms.IntegerField, forms.DecimalField)):
        return ["1", "10"]
    if isinstance(one, forms.DateField):
        return ["2026-01-31"]
    if isinstance(one, forms.UUIDField):
        return ["0f8fad5b-d9cb-469f-a165-70867728950e"]
    return ["abc", "https://a.example/b"]


@pytest.fixture
def walk() -> Callable[[int, int], list[str]]:
    """Walks so many requests from a seed, and tells those that broke."""

    def walked(count: int, seed: int) -> list[str]:
        print(f"seed {seed}")
        for status in Status:
            make_order(status)
        for refill in RefillStatus:
            make_refill(refill)
        for cancel in CancelStatus:
            make_cancel(cancel)
        going, broken = Walk(seed), list[str]()
        for one in going.requests(count):
            code, why = going.send(one)
            if code == 500:
                broken.append(f"{why} <- {one}")
        return broken

    return walked


@pytest.mark.services
def test_no_malformed_request_is_an_error_of_ours(
    walk: Callable[[int, int], list[str]],
) -> None:
    assert "\n".join(walk(300, 12)) == ""


@pytest.mark.long
@pytest.mark.timeout(1200)  # a busy machine
def test_none_of_two_thousand_malformed_requests_is_an_error_of_ours(
    walk: Callable[[int, int], list[str]],
) -> None:
    assert "\n".join(walk(2_000, int(time.time()))) == ""


@pytest.mark.services
def test_no_field_of_any_form_of_ours_breaks_on_a_number() -> None:
    ours = [kind for kind in form_classes() if not kind.__module__.startswith("django.")]
    for kind in ours:
        for name, one in getattr(kind, "base_fields", {}).items():
            if isinstance(one, forms.FileField):
                continue
            is_many = isinstance(one.widget, forms.SelectMultiple)
            for number in (*NUMBERS, *DAYS):
                try:
                    one.clean([number, "1"] if is_many else number)
                except ValidationError:
                    pass
                except Exception as error:
                    raise AssertionError((kind, name, number[:40])) from error
