"""What a page says when the desk is not well."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from core.roles import Role
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
