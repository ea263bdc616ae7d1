"""What a page says when the desk is not well."""

from __future__ import annotations

import html
from collections.abc import Callable

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from core.roles import May, Role, refusal
from dashboard import views

pytestmark = pytest.mark.django_db


def breaking(error: Exception) -> Callable[..., None]:
    def broken(*args: object, **kwargs: object) -> None:
        raise error

    return broken


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_away_is_said_and_not_called_an_error_of_ours(
    client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch, error: type
) -> None:
    browser = client_for_role(Role.VIEWER)
    browser.raise_request_exception = False
    monkeypatch.setattr(views, "counts_once", breaking(error("terminating connection: secret")))
    answer = browser.get("/")
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "5"
    assert "The database is away" in answer.content.decode()
    assert "secret" not in answer.content.decode()


def test_without_a_session_store_the_page_says_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Client(raise_request_exception=False)
    browser.cookies["desk-session"] = "a" * 32
    away = breaking(OperationalError("away"))
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", away)
    assert browser.get("/orders/").status_code == 503


def test_an_error_of_ours_stays_one(
    client_for_role: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_for_role(Role.VIEWER)
    browser.raise_request_exception = False
    monkeypatch.setattr(views, "counts_once", breaking(RuntimeError("ours")))
    answer = browser.get("/")
    assert answer.status_code == 500 and "Something broke" in answer.content.decode()


@pytest.mark.parametrize("address", ["/people/", "/no-such-page/", "/orders/4711/"])
def test_a_refusal_stands_inside_the_desk_and_leads_back(
    client_for_role: Callable[[Role], Client], address: str
) -> None:
    browser = client_for_role(Role.VIEWER)
    answer = browser.get(address, headers={"Referer": "http://testserver/services/?q=x"})
    page = answer.content.decode()
    assert answer.status_code in (403, 404)
    assert 'class="page-wrapper"' in page and 'href="/orders/"' in page
    assert 'href="/services/?q=x"' in page and page.count("<h1") == 1


def test_a_refusal_says_who_may_do_it(client_for_role: Callable[[Role], Client]) -> None:
    page = client_for_role(Role.VIEWER).get("/people/").content.decode()
    assert refusal(May.KEEP_PEOPLE) in html.unescape(page)


@pytest.mark.parametrize(
    "page", ["https://elsewhere.example/orders/", "javascript:alert(1)", "//elsewhere.example/", ""]
)
def test_no_other_site_is_led_back_to(client_for_role: Callable[[Role], Client], page: str) -> None:
    answer = client_for_role(Role.VIEWER).get("/no-such-page/", headers={"Referer": page})
    text = answer.content.decode()
    assert answer.status_code == 404 and answer.context["came_from"] == ""
    assert "elsewhere.example" not in text and "javascript:" not in text


def test_who_is_not_logged_in_and_a_live_part_get_the_page_alone(
    client_for_role: Callable[[Role], Client],
) -> None:
    live = client_for_role(Role.VIEWER).get("/people/", headers={"HX-Request": "true"})
    assert live.status_code == 403 and "page-wrapper" not in live.content.decode()
    stranger = Client().get("/no-such-page/")
    assert stranger.status_code == 404 and "page-wrapper" not in stranger.content.decode()


def test_a_form_of_another_log_in_comes_back_inside_the_desk(
    client_for_role: Callable[[Role], Client],
) -> None:
    browser = client_for_role(Role.OPERATOR)
    browser.handler.enforce_csrf_checks = True
    answer = browser.post("/orders/new/", {"service": "1"})
    page = answer.content.decode()
    assert answer.status_code == 403 and "The log-in has changed since" in page
    assert "page-wrapper" in page and page.count("<h1") == 1
