"""Nothing is typed twice because a form or a session was too old, and nothing is sent by itself."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django import forms
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.forms import BaseForm
from django.test import Client
from django.urls import get_resolver

from core.models import User
from core.roles import Role
from core.web.kept_forms import KeptForm, is_secret
from dashboard.tests.test_readable_text import _kinds
from orders.models import Halt, Order, OrderBatch
from providers.models import Service
from tests.builders import PASSWORD, log_in, make_service, make_user
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HERE = {"Origin": "http://testserver"}
PASTE = '\nservice|link|quantity\r\n7|https://a.example/?a=<b>&amp;"x"|100\r\n'


def kept_in(page: Any) -> tuple[str, dict[str, Any]]:
    """Where the form of a page goes, and what a browser would send with it."""
    text = page.content.decode()
    forms = list(re.finditer(r'<form method="post" action="([^"]+)".*?</form>', text, re.S))
    form = next((one for one in forms if 'id="kept-form"' in one[0]), forms[0])  # not the menu's
    fields = re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', form[0], re.S)
    fields += re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    return unescape(form[1]), {unescape(name): unescape(value) for name, value in fields}


@pytest.fixture
def person() -> User:
    return make_user(Role.ADMIN, username="ada", password=PASSWORD)


@pytest.fixture
def browser(person: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    log_in(client, person)
    return client


def test_a_form_that_is_too_old_is_sent_again_from_its_page(browser: Client) -> None:
    service = make_service(external_id="7")
    refused = browser.post(
        "/orders/mass-orders/new/?a=1",
        {"text": PASTE, "name": "June", "csrfmiddlewaretoken": "x"},
        headers=HERE,
    )
    assert refused.status_code == 403 and not OrderBatch.objects.exists()
    path, fields = kept_in(refused)
    assert path == "/orders/mass-orders/new/?a=1"
    assert "You are logged in as <bdi>ada</bdi> now." in refused.content.decode()
    assert fields["text"] == PASTE and fields["name"] == "June"
    assert browser.post(path, fields).status_code == 302
    assert [line.service for line in OrderBatch.objects.get().lines.all()] == [service]


def test_a_form_sent_after_the_session_ended_is_offered_after_the_log_in(browser: Client) -> None:
    browser.cookies.clear()
    fresh = kept_in(browser.get("/log-in/"))[1]
    asked = browser.post(
        "/orders/sending-control/all/", {**fresh, "reason": "Odd <b>"}, headers=HERE
    )
    assert asked.status_code == 403 and not Halt.objects.exists()
    path, fields = kept_in(asked)
    assert path == "/log-in/"
    wrong = browser.post(path, fields | {"username": "ada", "password": "wrong"})
    assert wrong.status_code == 422
    path, fields = kept_in(wrong)
    offered = browser.post(path, fields | {"username": "ada", "password": PASSWORD})
    assert offered.status_code == 200 and not Halt.objects.exists()  # never by itself
    path, fields = kept_in(offered)
    assert (path, fields["reason"]) == ("/orders/sending-control/all/", "Odd <b>")
    assert browser.post(path, fields).status_code == 302
    assert Halt.objects.get().reason == "Odd <b>"


def test_what_another_site_had_sent_lies_ready_behind_no_click(browser: Client) -> None:
    typed = {"reason": "theirs"}
    for headers in (
        {},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"} | HERE,
    ):
        assert (
            "theirs"
            not in browser.post(
                "/orders/sending-control/all/", typed, headers=headers
            ).content.decode()
        )
        stranger = Client().post("/orders/sending-control/all/", typed, headers=headers)
        assert stranger.status_code == 302 and stranger.headers["Location"].startswith("/log-in/")


def test_a_seal_that_is_not_ours_is_nothing(person: User) -> None:
    logged_in = Client().post(
        "/log-in/", {"username": "ada", "password": PASSWORD, "kept": "eyJwYXRoIjoiLyJ9:1:x"}
    )
    assert logged_in.status_code == 302


def test_no_secret_is_written_into_a_page(browser: Client) -> None:
    typed = {"name": "North", "url": "https://p.example/api", "key": "provider-key-123456"}
    for client in (browser, Client()):
        page = client.post("/providers/new/", typed, headers=HERE)
        assert page.status_code == 403
        assert "provider-key" not in page.content.decode()
        seal = kept_in(page)[1].get("kept")
        kept = KeptForm.opened(seal) if seal else None
        if kept:
            assert kept.lost == ["key"] and "key" not in dict(kept.fields)
        else:
            assert "not kept: key." in page.content.decode()


def test_every_field_that_hides_what_is_typed_is_known_as_a_secret() -> None:
    assert get_resolver().url_patterns  # every form is imported
    hiding = {
        name
        for kind in (*_kinds(BaseForm), AdminPasswordChangeForm)
        for name, field in getattr(kind, "base_fields", {}).items()
        if isinstance(field.widget, forms.PasswordInput)
    }
    assert {"key", "password"} <= hiding
    assert [name for name in sorted(hiding) if not is_secret(name)] == []
    assert not is_secret("keywords")


def test_a_file_is_named_to_be_chosen_again(browser: Client, tmp_path: Any) -> None:
    (tmp_path / "june.csv").write_text(PASTE)
    with (tmp_path / "june.csv").open("rb") as file:
        page = browser.post(
            "/orders/mass-orders/new/", {"name": "June", "file": file}, headers=HERE
        )
    assert "not kept: june.csv." in page.content.decode()


def test_a_live_form_keeps_its_page_and_is_given_a_fresh_token(browser: Client) -> None:
    live = {"HX-Request": "true"}
    refused = browser.post("/orders/sending-control/all/", {"reason": "x"}, headers=live)
    assert refused.status_code == 403
    detail = json.loads(refused.headers["HX-Trigger"])["desk:refused"]
    again = browser.post(
        "/orders/sending-control/all/",
        {"reason": "x"},
        headers=live | {"X-CSRFToken": detail["token"]},
    )
    assert again.status_code in (200, 302) and Halt.objects.count() == 1


def test_a_live_form_whose_session_has_ended_does_not_leave_its_page() -> None:
    refused = Client().post(
        "/orders/sending-control/all/", {"reason": "x"}, headers={"HX-Request": "true"}
    )
    assert refused.status_code == 401
    assert "desk:refused" in refused.headers["HX-Trigger"]
    assert "HX-Redirect" not in refused.headers


def test_the_page_of_another_person_does_nothing_in_the_name_of_who_is_logged_in_now() -> None:
    ada = make_user(Role.ADMIN, username="ada", password=PASSWORD)
    olga = make_user(Role.ADMIN, username="olga", password=PASSWORD)
    browser = Client(enforce_csrf_checks=True)
    log_in(browser, olga)
    token = kept_in(browser.get("/password/"))[1]["csrfmiddlewaretoken"]
    old = {"HX-Request": "true", "Desk-Person": str(ada.pk)}
    for headers in (old, old | {"X-CSRFToken": token}):  # drawn before her log-in, and after it
        refused = browser.post("/orders/sending-control/all/", {"reason": "x"}, headers=headers)
        detail = json.loads(refused.headers["HX-Trigger"])["desk:refused"]
        assert refused.status_code == 401 and "token" not in detail and detail["address"]
    assert not Halt.objects.exists()
    assert browser.get("/navigation/", headers=old).headers["HX-Redirect"].startswith("/log-in/")
    dialog = browser.get("/log-in/dialog/?username=ada", headers=old).content.decode()
    assert "<bdi>olga</bdi> is logged in now" in dialog
    own = browser.post("/log-in/dialog/", {}, headers=old)  # its token is of before her log-in
    assert "token" in json.loads(own.headers["HX-Trigger"])["desk:refused"]
    now_hers = old | {"Desk-Person": str(olga.pk)}
    assert browser.get("/navigation/", headers=now_hers).status_code == 200


def test_what_would_be_done_to_which_orders_is_read_before_it_is_sent_again() -> None:
    fields = [("form_key", "5b1c"), ("terms", "{}"), ("chosen", "16,18"), ("note", "Late")]
    kept = KeptForm("/orders/bulk/?order=16&order=18&scope=picked&kind=cancel", fields, [])
    assert kept.page == "/orders/bulk/"
    assert kept.shown == [
        ("Order", "16, 18"),
        ("Scope", "picked"),
        ("Kind", "cancel"),
        ("Chosen", "16,18"),
        ("Note", "Late"),
    ]


def test_a_kept_order_names_its_service_and_what_it_costs_today(browser: Client) -> None:
    service = make_service(name="Visits <slow>", rate=Decimal("2"), min=10, max=5000)
    typed = {"service": service.pk, "link": "https://a.example/1", "quantity": "1500"}
    refused = browser.post("/orders/new/", typed | {"csrfmiddlewaretoken": "x"}, headers=HERE)
    page = one_line(refused.content.decode())
    assert refused.status_code == 403 and not Order.objects.exists()
    assert "Visits &lt;slow&gt;" in page and "$3.00" in page and "1,500" in page
    Service.objects.update(rate=Decimal("4"))
    browser.cookies.clear()
    fresh = kept_in(browser.get("/log-in/"))[1]
    path, fields = kept_in(browser.post("/orders/new/", {**fresh, **typed}, headers=HERE))
    offered = browser.post(path, fields | {"username": "ada", "password": PASSWORD})
    page = one_line(offered.content.decode())
    assert "Visits &lt;slow&gt;" in page and "$6.00" in page and "$3.00" not in page


def test_nobody_who_is_not_logged_in_is_told_what_a_service_costs() -> None:
    service = make_service(name="Visits", rate=Decimal("2"))
    typed = {"service": service.pk, "link": "https://a.example/1", "quantity": "1500"}
    page = Client(enforce_csrf_checks=True).post("/orders/new/", typed, headers=HERE)
    assert page.status_code == 403 and "Visits" not in page.content.decode()
