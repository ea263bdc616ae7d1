"""What a request brings is measured by its length before anybody reads it, and lies on no disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import StopFutureHandlers, StopUpload
from django.test import Client, RequestFactory

from core.roles import Role
from core.web.uploads import InMemory
from dashboard.wsgi import application
from orders.models import OrderBatch
from tests.builders import log_in, make_service, make_user

pytestmark = pytest.mark.django_db

PASTE = "/orders/mass-orders/new/"
ANYWHERE = ("/log-in/", PASTE, "/nowhere/", "/healthz", "/")
MB = 1024 * 1024


class Unread(BytesIO):
    """A body that nobody may read."""

    def read(self, *much: Any) -> bytes:
        raise AssertionError("it was read")

    readline = read


@pytest.fixture
def no_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("it was written to a disk")

    for name in ("NamedTemporaryFile", "TemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    monkeypatch.setattr("django.core.files.temp.NamedTemporaryFile", refuse)
    monkeypatch.setattr("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", refuse)
    yield


def sent(path: str, length: str, body: BytesIO) -> tuple[str, dict[str, str], str]:
    request = RequestFactory().post(path)
    told: list[Any] = []
    page = application(
        {**request.environ, "CONTENT_LENGTH": length, "wsgi.input": body},
        lambda status, headers: told.extend((status[:3], dict(headers))),
    )
    return told[0], told[1], b"".join(page).decode()


@pytest.mark.usefixtures("no_disk")
@pytest.mark.parametrize("path", ["/log-in/", PASTE])
@pytest.mark.parametrize("megabytes", [3, 9])
def test_an_anonymous_upload_writes_nothing_to_disk(path: str, megabytes: int) -> None:
    file = SimpleUploadedFile("a.csv", b"1|a|2\n" * (megabytes * MB // 6))
    answer = Client().post(path, {"file": file, "username": "a", "password": "b"})
    assert answer.status_code in ((422, 302) if megabytes == 3 else (413,))


@pytest.mark.parametrize("path", ANYWHERE)
@pytest.mark.parametrize("length", [str(6 * MB + 1), str(100 * MB), "9" * 30, "7_000_000", "-1"])
def test_a_body_of_a_hundred_megabytes_is_refused_unread(path: str, length: str) -> None:
    status, headers, page = sent(path, length, Unread())
    assert status == "413"
    assert "This is too large" in page and "5 MB" in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("length", ["", "1e3", "none", "9" * 5000])
def test_a_length_that_is_no_number_is_no_body(length: str) -> None:
    assert sent("/log-in/", length, Unread())[0] == "403", "no token, no body"


@pytest.mark.usefixtures("no_disk")
def test_a_file_of_five_megabytes_is_still_read() -> None:
    browser = Client()
    log_in(browser, make_user(Role.ADMIN))
    service = make_service()
    line = f"{service.external_id}|https://a.example|{'1' * 5000}\n".encode()
    file = SimpleUploadedFile("a.csv", line * (5 * MB // len(line)))
    assert file.size and file.size > 4.9 * MB
    answer = browser.post(PASTE, {"file": file})
    assert answer.status_code == 302
    assert OrderBatch.objects.get().lines.count() == 5 * MB // len(line)


def test_a_file_that_is_longer_than_was_said_is_stopped() -> None:
    handler = InMemory(RequestFactory().post("/"))
    handler.handle_raw_input(None, {}, 10, b"x")
    with suppress(StopFutureHandlers):
        handler.new_file("file", "a.csv", "text/plain", 10)
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert handler.receive_data_chunk(b"a" * most, 0) is None
    with pytest.raises(StopUpload):
        handler.receive_data_chunk(b"a", most)
