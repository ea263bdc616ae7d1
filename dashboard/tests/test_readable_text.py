"""No text that a request can carry breaks a page, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from core.roles import Role
from core.web.incoming import ReadableText
from dashboard.tests.test_policy import TABLE, address
from dashboard.wsgi import application
from orders.models import BatchLine
from tests.builders import log_in, make_batch_line, make_order, make_service, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.services,
    pytest.mark.usefixtures("watchdog_has_looked"),  # it reads nothing that a request carries
]

NUL, LONE = "a\0b", "a\ud800b"
RAW = (
    "again",
    "back",
    "cell-link",
    "cell-service",
    "cursor",
    "days",
    "link",
    "list",
    "next",
    "order",
    "page",
    "scope",
    "service",
    "show",
    "tab",
)
FORM = "application/x-www-form-urlencoded"


def _kinds(kind: type[BaseForm]) -> Iterator[type[BaseForm]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


def form_classes() -> list[type[BaseForm]]:
    """Every form there is, once its module is read."""
    return list(dict.fromkeys(_kinds(BaseForm)))


def fields() -> list[str]:
    """Every name that any form of ours asks for, and those that are read without a form."""
    named = (getattr(kind, "base_fields", {}) for kind in form_classes())
    return sorted({*RAW, *(name for of_form in named for name in of_form)})


@pytest.fixture
def browser() -> Client:
    client = Client(raise_request_exception=False)
    log_in(client, make_user(Role.ADMIN))
    return client


@pytest.mark.parametrize("name", [name for name in TABLE if name != "log-out"])
def test_a_nul_anywhere_breaks_no_page(browser: Client, name: str) -> None:
    everything = dict.fromkeys(fields(), NUL)
    some = everything | {"service": str(make_service().pk), "again": str(make_order().pk)}
    words = {name: NUL for name in everything if name not in ("service", "again")}
    for asked in (everything, some, words):
        assert browser.get(address(name), asked).status_code != 500, "query"
        form = urlencode(asked)
        assert browser.post(address(name), form, content_type=FORM).status_code != 500, "form"
        file = {
            "file": SimpleUploadedFile(
                "a.csv", f"{asked.get('service', 1)}|a.example/\0|5".encode()
            )
        }
        assert browser.post(address(name), {**asked, **file}).status_code != 500, "file"


def test_what_cannot_be_read_is_kept_to_be_seen_and_refused_beside_its_field(
    browser: Client,
) -> None:
    line, service = make_batch_line(), make_service()
    cells = {"cell-service": service.external_id, "cell-link": "https://a.example/\0x"}
    page = browser.post(f"/orders/mass-orders/lines/{line.pk}/", cells)
    assert page.status_code == 422
    assert "a character in it that could not be read" in page.content.decode()
    assert BatchLine.objects.get(pk=line.pk).cells["link"] == "https://a.example/\ufffdx"


@pytest.mark.parametrize("path", ["/log-in/", "/orders/new/", "/nowhere/"])
@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "utf-7", "cp1252"])
def test_a_form_in_another_encoding_is_refused_in_words(path: str, charset: str) -> None:
    browser = Client(raise_request_exception=False)
    for kind in (FORM, "multipart/form-data; boundary=x", "text/plain"):
        kind = f"{kind}; charset={charset}"
        answer = browser.generic("POST", path, b"username=a", content_type=kind)
        assert answer.status_code == 400
        assert "was not sent as UTF-8" in answer.content.decode()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("charset", ["utf8", "UTF-8", "us-ascii"])
def test_utf_8_by_any_name_is_read(browser: Client, charset: str) -> None:
    kind = f"{FORM}; charset={charset}"
    for path in ("/orders/mass-orders/new/", "/orders/limits/block/"):
        answer = browser.generic("POST", path, b"text=%C3%A4\xff\xfe%ff", content_type=kind)
        assert answer.status_code == 422


@pytest.mark.parametrize(
    "kind",
    [f"{FORM}; charset={name}" for name in ("base64", "undefined", "never-heard-of", "a\0b")]
    + [f"{FORM}; charset*=nobody'en'%20", "multipart/form-data; x*=nobody'en'%20; boundary=a"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_content_type_django_would_stumble_over_is_no_error_of_ours(
    method: str, kind: str
) -> None:
    environ = RequestFactory().generic(method, "/log-in/", b"username=a").environ
    said: list[str] = []
    page = application(environ | {"CONTENT_TYPE": kind}, lambda status, _: said.append(status[:3]))
    assert b"<html" in b"".join(page)
    assert said == (["200"] if method == "GET" else ["403"])


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "utf-7"])
def test_the_encoding_of_a_body_that_is_not_there_is_nothing_to_a_query(
    browser: Client, charset: str
) -> None:
    kind = f"text/plain; charset={charset}"
    page = browser.get("/orders/", {"q": "grün"}, CONTENT_TYPE=kind)
    assert page.status_code == 200 and "grün" in page.content.decode()


@pytest.mark.parametrize("current", ["http://[", "http://a]/", "%68ttp://%5b", NUL, "\x00"])
@pytest.mark.parametrize("path", ["/log-in/", "/navigation/", "/orders/"])
def test_an_address_that_htmx_could_not_have_sent_is_as_none(
    browser: Client, path: str, current: str
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": current}
    for more in ({}, {"HX-Current-URL-URI-AutoEncoded": "true"}):
        for client in (browser, Client(raise_request_exception=False)):
            assert client.get(path, headers=headers | more).status_code < 500


def test_headers_and_cookies_with_a_nul_break_nothing() -> None:
    browser = Client(raise_request_exception=False)
    assert browser.get("/orders/", headers={"Cookie": r'desk-session="a\000b"'}).status_code == 302
    answer = browser.post("/log-in/", {"username": NUL, "password": NUL}, HTTP_USER_AGENT=NUL)
    assert answer.status_code == 422
    assert browser.get("/orders/%00/").status_code in (302, 404)


def test_headers_and_cookies_reach_no_page_with_what_no_database_holds() -> None:
    seen: list[str] = []

    def page(request: HttpRequest) -> HttpResponse:
        seen.extend((request.headers["User-Agent"], request.COOKIES["c"], request.path))
        return HttpResponse()

    cookie = r'c="a\000b"'
    ReadableText(page)(RequestFactory().get("/a%00b/", HTTP_USER_AGENT=NUL, HTTP_COOKIE=cookie))
    shown = "a\N{REPLACEMENT CHARACTER}b"
    assert seen == [shown, shown, f"/{shown}/"]


def test_a_query_reaches_no_page_with_what_no_database_holds() -> None:
    seen: list[str] = []

    def page(request: HttpRequest) -> HttpResponse:
        seen.extend(request.GET.getlist("q"))
        return HttpResponse()

    ReadableText(page)(RequestFactory().get("/orders/", {"q": ["a\0b", "c"]}))
    assert seen == ["a\N{REPLACEMENT CHARACTER}b", "c"]
