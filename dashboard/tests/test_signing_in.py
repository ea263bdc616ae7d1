"""Who gets in, what others are told, and what ends a session."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from core.models import User
from core.roles import Role
from tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def test_the_right_password_opens_the_page_that_was_wanted() -> None:
    make_user(Role.VIEWER, username="ada", password=PASSWORD)
    response = Client().post(
        "/log-in/", {"username": "ada", "password": PASSWORD, "next": "/orders/?q=1"}
    )
    assert response.status_code == 302 and response.headers["Location"] == "/orders/?q=1"


def test_no_way_out_through_next() -> None:
    make_user(Role.VIEWER, username="ada", password=PASSWORD)
    response = Client().post(
        "/log-in/", {"username": "ada", "password": PASSWORD, "next": "https://lumen.example/"}
    )
    assert response.headers["Location"] == "/"


def test_unknown_wrong_and_disabled_are_told_the_same() -> None:
    make_user(Role.VIEWER, username="ada", password=PASSWORD)
    make_user(Role.VIEWER, username="gone", password=PASSWORD, is_active=False)
    tries = [("nobody", PASSWORD), ("ada", "wrong"), ("gone", PASSWORD)]
    pages = [Client().post("/log-in/", {"username": n, "password": p}) for n, p in tries]
    assert [page.status_code for page in pages] == [422, 422, 422]
    for page in pages:
        assert b"Wrong username or password" in page.content


def test_too_many_tries_close_the_log_in_with_clear_words() -> None:
    make_user(Role.VIEWER, username="ada", password=PASSWORD)
    browser = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        browser.post("/log-in/", {"username": "ada", "password": "wrong"})
    refused = browser.post("/log-in/", {"username": "ada", "password": PASSWORD})
    assert refused.status_code == 429 and b"Too many tries" in refused.content
    assert "_auth_user_id" not in browser.session


def test_logging_out_takes_a_post() -> None:
    browser = Client()
    browser.force_login(make_user(), "django.contrib.auth.backends.ModelBackend")
    assert browser.get("/log-out/").status_code == 405
    assert "_auth_user_id" in browser.session
    browser.post("/log-out/")
    assert "_auth_user_id" not in browser.session


def test_a_live_part_without_session_sends_the_whole_page_to_log_in() -> None:
    response = Client().get(
        "/log-in/?next=/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/orders/?q=1"},
    )
    assert response.headers["HX-Redirect"] == "/log-in/?next=%2Forders%2F%3Fq%3D1"


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one() -> None:
    person = make_user(Role.VIEWER, password=PASSWORD)
    here, elsewhere = Client(), Client()
    for browser in (here, elsewhere):
        browser.force_login(person, "django.contrib.auth.backends.ModelBackend")
    new = "another-good-long-phrase"
    answer = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/password/", answer).status_code == 302
    assert here.get("/password/").status_code == 200
    assert elsewhere.get("/password/").status_code == 302
    assert User.objects.get(pk=person.pk).check_password(new)


def test_somebody_who_is_let_go_this_moment_is_not_let_in_by_a_new_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the new password is being made, which takes a while on purpose."""
    person = make_user(Role.VIEWER, password=PASSWORD)
    browser = Client()
    browser.force_login(person, "django.contrib.auth.backends.ModelBackend")
    made = User.set_password

    def let_go_first(user: User, raw: str | None) -> None:
        User.objects.filter(pk=person.pk).update(is_active=False)
        made(user, raw)

    monkeypatch.setattr(User, "set_password", let_go_first)
    new = "another-good-long-phrase"
    answer = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    browser.post("/password/", answer)
    person.refresh_from_db()
    assert person.check_password(new)
    assert not person.is_active


@pytest.mark.parametrize(
    "change",
    [{"old_password": "wrong"}, {"new_password1": "short", "new_password2": "short"}],
    ids=["old one wrong", "new one too short"],
)
def test_a_password_that_will_not_do_changes_nothing(change: dict[str, str]) -> None:
    person = make_user(Role.VIEWER, password=PASSWORD)
    browser = Client()
    browser.force_login(person, "django.contrib.auth.backends.ModelBackend")
    new = "another-good-long-phrase"
    answer = {"old_password": PASSWORD, "new_password1": new, "new_password2": new, **change}
    assert browser.post("/password/", answer).status_code == 422
    assert User.objects.get(pk=person.pk).check_password(PASSWORD)


def test_errors_have_pages_of_their_own(client: Client) -> None:
    assert b"Page not found" in client.get("/nowhere/").content
    browser = Client()
    browser.force_login(make_user(Role.VIEWER), "django.contrib.auth.backends.ModelBackend")
    refused = browser.get("/people/")
    assert refused.status_code == 403 and b"You may not do that" in refused.content


def test_the_page_for_our_own_failures_needs_nothing(rf: RequestFactory) -> None:
    assert b"Something broke in the desk" in server_error(rf.get("/")).content
