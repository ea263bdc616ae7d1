"""How long a log-in lasts, and how somebody logs in again over an open page."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from core import clocks
from core.models import User
from core.roles import Role
from core.web.live_parts import SHOWN
from dashboard.session_age import BEGUN, USED
from tests.builders import PASSWORD, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]

AGAIN = "/log-in/dialog/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ada() -> User:
    return make_user(Role.VIEWER, username="ada", password=PASSWORD)


@pytest.fixture
def browser(ada: User) -> Client:
    browser = Client()
    browser.post("/log-in/", {"username": "ada", "password": PASSWORD})
    return browser


def make_older(browser: Client, *, begun: int, used: int) -> None:
    """As if it had begun and been used so many seconds ago; it would end within the hour."""
    session, now = browser.session, int(time.time())
    session[BEGUN], session[USED] = now - begun, now - used
    session.save()
    Session.objects.update(expire_date=timezone.now() + timedelta(hours=1))


def seconds_left() -> float:
    return (Session.objects.get().expire_date - timezone.now()).total_seconds()


def test_work_moves_the_end_of_a_session(browser: Client) -> None:
    make_older(browser, begun=3_600, used=clocks.SESSION_SLIDE_SECONDS + 1)
    answer = browser.get("/password/")
    assert seconds_left() == pytest.approx(clocks.SESSION_SECONDS, abs=60)
    assert answer.cookies["desk-session"]["max-age"] == clocks.SESSION_SECONDS


def test_a_part_that_refreshes_itself_is_not_work(browser: Client) -> None:
    make_older(browser, begun=3_600, used=3_600)
    browser.get("/navigation/", headers={**HTMX, SHOWN: "none"})
    assert seconds_left() < 3_700


def test_pages_within_ten_minutes_write_nothing(browser: Client) -> None:
    make_older(browser, begun=3_600, used=clocks.SESSION_SLIDE_SECONDS - 60)
    assert "desk-session" not in browser.get("/password/").cookies
    assert seconds_left() < 3_700


def test_a_session_ends_after_some_days_of_work_too(browser: Client) -> None:
    make_older(browser, begun=clocks.SESSION_MOST_SECONDS - 900, used=3_600)
    browser.get("/password/")
    assert seconds_left() == pytest.approx(900, abs=60)
    make_older(browser, begun=clocks.SESSION_MOST_SECONDS, used=0)
    assert browser.get("/password/").headers["Location"].startswith("/log-in/")
    assert not Session.objects.exists()


def test_a_clock_that_was_set_back_lengthens_no_session(browser: Client) -> None:
    make_older(browser, begun=-86_400, used=-86_400)
    browser.get("/password/")
    assert browser.session[BEGUN] == pytest.approx(time.time(), abs=60)


def test_a_page_is_read_where_the_session_cannot_be_written(browser: Client) -> None:
    make_older(browser, begun=3_600, used=3_600)
    save = "django.contrib.sessions.backends.db.SessionStore.save"
    with mock.patch(save, side_effect=OperationalError("attempt to write a readonly database")):
        assert browser.get("/password/").status_code == 200


def test_a_session_from_before_this_rule_slides_too(browser: Client) -> None:
    session = browser.session
    del session[BEGUN], session[USED]
    session.save()
    assert browser.get("/password/").status_code == 200
    assert browser.session[BEGUN] == pytest.approx(time.time(), abs=60)


def test_logging_in_again_tells_the_page_its_new_token(ada: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    form = browser.get(AGAIN, {"username": "ada"}, headers=HTMX).content.decode()
    assert 'value="ada"' in form
    browser.get("/log-in/")
    token = browser.cookies["desk-csrf"].value
    answer = browser.post(
        AGAIN,
        {"username": "ada", "password": PASSWORD},
        headers={**HTMX, "X-CSRFToken": token},
    )
    told = json.loads(answer.headers["HX-Trigger"])["desk:logged-in"]
    assert answer.status_code == 204 and told["person"] == str(ada.pk)
    renewed = browser.post("/log-out/", {"csrfmiddlewaretoken": told["token"]})
    assert renewed.status_code == 302


def test_a_wrong_password_comes_back_beside_the_name(ada: User) -> None:
    browser = Client()
    answer = browser.post(AGAIN, {"username": "ada", "password": "wrong"}, headers=HTMX)
    assert answer.status_code == 422
    assert "Wrong username or password." in answer.content.decode()
    assert 'value="ada"' in answer.content.decode()


def test_the_lock_out_counts_here_too(ada: User) -> None:
    browser = Client()
    for _ in range(8):
        browser.post(AGAIN, {"username": "ada", "password": "wrong"}, headers=HTMX)
    right = browser.post(AGAIN, {"username": "ada", "password": PASSWORD}, headers=HTMX)
    assert right.status_code == 429 and "_auth_user_id" not in browser.session
