"""Inside TLS the library's exceptions are the same before and after sending; the mark is not."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from providers.panel_api import (
    Credentials,
    NotSent,
    OutcomeUnknown,
    PanelClient,
    Placed,
    Transport,
    Unavailable,
)

from .misbehaviour import MISBEHAVIOUR, ORDER, after_reading
from .servers import Behaviour, Caller, Identity, Server, identity, serving
from .stub import KEY
from .test_sockets import DEADLINE, WISH


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return identity(tmp_path_factory.mktemp("tls"), "127.0.0.1")


def tls_client(server: Server, bundle: Path | None, **options: Any) -> PanelClient:
    transport = Transport(
        loopback_origins={server.origin}, deadline=DEADLINE, connect_timeout=DEADLINE,
        ca_bundle=str(bundle) if bundle else "", **options,
    )  # fmt: skip
    return PanelClient(Credentials(server.url, KEY), transport=transport)


@contextmanager
def speaking_tls(behave: Behaviour, shown: Identity) -> Iterator[Server]:
    with serving(behave, tls=shown.context) as server:
        yield server


HANDSHAKES: dict[str, Behaviour] = {
    "hang": Caller.hang,
    "close": lambda caller: None,
    "reset": Caller.reset,
    "plain HTTP": lambda caller: caller.answer(ORDER),
    "garbage": lambda caller: caller.sock.sendall(b"\x16\x03\x03\xff\xff" + b"x" * 100),
    "drip": lambda caller: caller.drip(b"\x16\x03\x03\x00\x7a" + b"\x02" * 50, every=0.03),
}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_a_handshake_that_fails_is_not_sent(name: str, proven: Identity) -> None:
    with serving(HANDSHAKES[name]) as server:
        server.scheme = "https"
        began = time.monotonic()
        with pytest.raises(NotSent) as raised:
            tls_client(server, proven.bundle).add(WISH)
        assert time.monotonic() - began < DEADLINE + 0.5
        with pytest.raises(Unavailable):
            tls_client(server, proven.bundle).balance()
    assert raised.value.evidence is not None
    assert not raised.value.evidence.bytes_left


def test_a_certificate_nobody_vouches_for_is_not_sent(proven: Identity) -> None:
    with speaking_tls(after_reading(lambda c: c.answer(ORDER)), proven) as server:
        with pytest.raises(NotSent, match="certificate is not valid"):
            tls_client(server, None).add(WISH)
        assert server.heard == b""


def test_a_certificate_of_another_host_is_not_sent(tmp_path: Path) -> None:
    other = identity(tmp_path, "other.example")
    with speaking_tls(after_reading(lambda c: c.answer(ORDER)), other) as server:
        with pytest.raises(NotSent):
            tls_client(server, other.bundle).add(WISH)
        assert server.heard == b""


def test_an_old_protocol_is_not_sent(tmp_path: Path) -> None:
    old = identity(tmp_path, "127.0.0.1")
    with pytest.warns(DeprecationWarning):
        old.context.maximum_version = ssl.TLSVersion.TLSv1_1
    answering = after_reading(lambda caller: caller.answer(ORDER))
    with speaking_tls(answering, old) as server, pytest.raises(NotSent):
        tls_client(server, old.bundle).add(WISH)


@pytest.mark.parametrize(
    "name",
    [
        *("hang before reading", "hang after the request", "close after the request"),
        *("body drips", "headers drip", "body shorter than its length", "endless body", "gzip"),
    ],
)
def test_after_the_first_byte_the_outcome_is_unknown(name: str, proven: Identity) -> None:
    with speaking_tls(MISBEHAVIOUR[name], proven) as server:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            tls_client(server, proven.bundle).add(WISH)
        assert time.monotonic() - began < DEADLINE + 0.5


def test_the_fence_stands_after_the_handshake(proven: Identity) -> None:
    def fence() -> None:
        raise NotSent("too late")

    with speaking_tls(after_reading(lambda c: c.answer(ORDER)), proven) as server:
        with pytest.raises(NotSent, match="too late"):
            tls_client(server, proven.bundle).add(WISH, before_send=fence)
        assert server.heard == b""
        assert tls_client(server, proven.bundle).add(WISH) == Placed("23501")
