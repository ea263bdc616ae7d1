"""No address leads anywhere but to a public https host, whatever it is written like."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from typing import Any

import pytest

from providers.panel_api import (
    Credentials,
    NotSent,
    PanelClient,
    Transport,
    UnsafeUrl,
    validate_url,
)
from providers.panel_api.http.urls import is_public

from .servers import ORDER, after_reading, serving
from .stub import KEY
from .test_sockets import PAYLOAD

HOSTILE = (
    """
http://panel.example/api/v2
ftp://panel.example/
file:///etc/passwd
gopher://panel.example/
javascript:alert(1)
data:text/html,x
//panel.example/
panel.example/api
https:/panel.example/
https:panel.example
https://
https:///path
https://user@panel.example/
https://user:pass@panel.example/
https://panel.example@127.0.0.1/
https://127.0.0.1\\@panel.example/
https://panel.example\\@127.0.0.1/
https://panel.example#@127.0.0.1/
https://panel.example/#fragment
https://127.0.0.1/
https://127.1/
https://127.0.1/
https://2130706433/
https://0x7f000001/
https://0x7f.0.0.1/
https://0177.0.0.1/
https://017700000001/
https://0/
https://0.0.0.0/
https://10.0.0.1/
https://169.254.169.254/latest/meta-data/
https://8.8.8.8/
https://[::1]/
https://[::]/
https://[::ffff:127.0.0.1]/
https://[::ffff:7f00:1]/
https://[64:ff9b::7f00:1]/
https://[2002:7f00:1::]/
https://[fec0::1]/
https://[fe80::1%25eth0]/
https://[::127.0.0.1]/
https://[2606:4700::1111]/
https://①②⑦.⓪.⓪.①/
https://１２７.0.0.1/
https://127。0。0。1/
https://panel.example。/
https://localhost/
https://localhost.localdomain./
https://LOCALHOST/
https://sub.localhost/
https://printer.local/
https://db.internal/
https://router.home.arpa/
https://intranet/
https://panel.example./
https://panel..example/
https://.panel.example/
https://-panel.example/
https://panel.example-/
https://panel_.example-/
https://pan el.example/
https://panel.example/a b
https://panel.example/\t
https://panel.example/?x=<y>
https://panel.example:80/
https://panel.example:22/
https://panel.example:8443/
https://panel.example:0/
https://panel.example:99999/
https://panel.example:443abc/
https://panel.example:/
https://panel.example/api?key=abc
https://panel.example/api?x=1&api_key=abc
https://panel.example/api?token=abc
https://panel.example%00.evil.example/
https://panel.example%2f@evil.example/
https://127.0.0.1.0x7f/
https://example.0x10/
https://xn--/
https://{0}.example/
""".strip("\n")
    .replace("{0}", "a" * 64)
    .split("\n")
)


@pytest.mark.parametrize("url", [*HOSTILE, "", " ", "https://panel.example/\n", "\x00", "x" * 501])
def test_hostile_addresses_are_refused(url: str) -> None:
    assert len(HOSTILE) >= 60
    with pytest.raises(UnsafeUrl) as raised:
        validate_url(url)
    assert str(raised.value).endswith(".")
    with pytest.raises(NotSent):
        PanelClient(Credentials(url, KEY)).add(PAYLOAD)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("https://panel.example/api/v2", "https://panel.example/api/v2"),
        ("HTTPS://Panel.EXAMPLE:443/api/v2/", "https://panel.example/api/v2/"),
        ("https://panel.example", "https://panel.example/"),
        ("https://sub-1.panel_2.example/a.php?x=1", "https://sub-1.panel_2.example/a.php?x=1"),
        ("https://bücher.example/api", "https://xn--bcher-kva.example/api"),
        ("https://xn--bcher-kva.example/api", "https://xn--bcher-kva.example/api"),
    ],
)
def test_plain_addresses_have_one_normal_spelling(typed: str, normal: str) -> None:
    assert validate_url(typed) == normal
    assert validate_url(normal) == normal


def test_other_ports_and_loopback_are_exceptions_somebody_made() -> None:
    assert validate_url("https://panel.example:8443/", ports={443, 8443})
    allowed = {"http://127.0.0.1:8711"}
    assert validate_url("http://127.0.0.1:8711/api/v2", loopback_origins=allowed)
    for near in ("http://127.0.0.1:8712/", "http://127.0.0.2:8711/", "https://127.0.0.1:8711/"):
        with pytest.raises(UnsafeUrl):
            validate_url(near, loopback_origins=allowed)


INSIDE = [
    *(
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.0.2.1",
    ),
    *(
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ),
    *(
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
    ),
    *("2002:7f00:1::", "5f00::1", "fc00::1", "fd00::1", "fe80::1", "fec0::1", "ff02::1"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_not_called(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with serving(after_reading(lambda caller: caller.answer(ORDER))) as server:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        found = [(family, socket.SOCK_STREAM, 6, "", (address, server.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        url = f"https://panel.example:{server.port}/api/v2"
        client = PanelClient(Credentials(url, KEY), transport=Transport(ports={server.port}))
        with pytest.raises(NotSent, match=r"not (a )?public"):
            client.add(PAYLOAD)
        assert server.accepted == 0


def test_a_loopback_exception_does_not_lead_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 8711))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    transport = Transport(loopback_origins={"http://localhost:8711"})
    client = PanelClient(Credentials("http://localhost:8711/", KEY), transport=transport)
    with pytest.raises(NotSent, match="not a public address"):
        client.add(PAYLOAD)


def test_the_address_that_was_checked_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter(["93.184.216.34", "127.0.0.1"])  # a name that changes its mind
    called: list[Any] = []

    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 443))]

    def connect(address: Any, *_: Any, **__: Any) -> None:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    with pytest.raises(NotSent):
        PanelClient(Credentials("https://panel.example/", KEY)).add(PAYLOAD)
    assert called == [("93.184.216.34", 443)]


def test_a_name_that_is_never_resolved_ends_with_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(5) and [])
    transport = Transport(deadline=0.2)
    began = time.monotonic()
    with pytest.raises(NotSent):
        PanelClient(Credentials("https://panel.example/", KEY), transport=transport).add(PAYLOAD)
    assert time.monotonic() - began < 0.7
    over.set()
