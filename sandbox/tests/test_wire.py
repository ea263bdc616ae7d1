"""Any client of panel API v2 works: slashes, bodies, kept connections, many at once."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.tests.raw import ask, exchange, form, http, order_fields

CLOSE = "Connection: close\r\n"


@pytest.mark.parametrize("path", ["/api/v2", "/api/v2/", "/"])
def test_it_answers_with_and_without_a_trailing_slash(shared: Sandbox, path: str) -> None:
    heard = exchange(shared, http(shared, form(shared, "balance"), path=path, extra=CLOSE))
    assert heard.status == 200 and heard.json()["currency"] == "USD"


def test_another_path_is_not_found(shared: Sandbox) -> None:
    heard = exchange(shared, http(shared, form(shared, "balance"), path="/else", extra=CLOSE))
    assert heard.json() == {"error": "Not Found"}


def test_json_bodies_are_read_like_forms(shared: Sandbox) -> None:
    shared.reset()
    fields = {"key": shared.key, "action": "add", **order_fields(shared)}
    extra = f"{CLOSE}Content-Type: application/json; charset=utf-8\r\n"
    placed = exchange(shared, http(shared, json.dumps(fields).encode(), extra=extra)).json()
    asked = {"key": shared.key, "action": "status", "orders": [placed["order"], 1]}
    rows = exchange(shared, http(shared, json.dumps(asked).encode(), extra=extra)).json()
    assert rows[str(placed["order"])]["status"] == "Pending"
    assert rows["1"] == {"error": "Incorrect order ID"}


def test_multipart_and_chunked_bodies_are_read(shared: Sandbox) -> None:
    parts = "".join(
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in (("key", shared.key), ("action", "balance"))
    )
    extra = f"{CLOSE}Content-Type: multipart/form-data; boundary=edge\r\n"
    heard = exchange(shared, http(shared, f"{parts}--edge--\r\n".encode(), extra=extra))
    assert heard.json()["currency"] == "USD"
    body = form(shared, "balance")
    head = (
        "POST /api/v2 HTTP/1.1\r\nHost: x.example\r\nTransfer-Encoding: chunked\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\n{CLOSE}\r\n"
    )
    chunked = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    assert exchange(shared, head.encode() + chunked).json()["currency"] == "USD"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_post_is_allowed(shared: Sandbox, method: str) -> None:
    heard = exchange(shared, http(shared, form(shared, "balance"), method=method, extra=CLOSE))
    assert (heard.status, heard.json()) == (405, {"error": "Method Not Allowed"})


def test_a_connection_is_kept_for_the_next_call(shared: Sandbox) -> None:
    two = http(shared, form(shared, "balance")) + http(shared, form(shared, "balance"), extra=CLOSE)
    assert exchange(shared, two).raw.count(b"HTTP/1.1 200 OK") == 2


def test_an_expecting_client_is_told_to_go_on(shared: Sandbox) -> None:
    extra = f"{CLOSE}Expect: 100-continue\r\n"
    heard = exchange(shared, http(shared, form(shared, "balance"), extra=extra))
    assert heard.raw.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"POST /api/v2 HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST http://[ HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_bytes_that_are_no_request_get_a_400(shared: Sandbox, sent: bytes) -> None:
    assert exchange(shared, sent).status == 400


def test_hundreds_of_slow_calls_run_side_by_side() -> None:
    with Sandbox(services=5, latency=0.3) as box:
        heard: list[int] = []
        callers = [
            threading.Thread(target=lambda: heard.append(ask(box, "balance", patience=5).status))
            for _ in range(200)
        ]
        began = time.monotonic()
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        took, stats = time.monotonic() - began, box.stats()
    assert heard == [200] * 200 and took < 2
    assert stats["peak_concurrency"] > 50 and stats["peaks"] == {
        "balance": stats["peak_concurrency"]
    }
    assert stats["in_flight"] == 0


def test_it_speaks_tls_with_the_certificate_it_is_given(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-days", "2", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    with Sandbox(services=5, tls=(certificate, key)) as box:
        assert box.url.startswith("https://")
        context = ssl.create_default_context(cafile=str(certificate))
        with (
            socket.create_connection((box.host, box.port), timeout=2) as bare,
            context.wrap_socket(bare, server_hostname="localhost") as customer,
        ):
            customer.sendall(http(box, form(box, "balance"), extra=CLOSE))
            assert customer.recv(100).startswith(b"HTTP/1.1 200 OK")
        assert exchange(box, http(box, form(box, "balance"))).end in ("closed", "reset")
        box.fault("reset_at_accept", "before")
        with (
            pytest.raises(OSError, match=r"."),
            socket.create_connection((box.host, box.port), timeout=2) as bare,
        ):
            context.wrap_socket(bare, server_hostname="localhost")
