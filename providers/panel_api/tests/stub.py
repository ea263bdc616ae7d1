"""A transport that answers from a list and keeps what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from providers.panel_api import Credentials, Dialect, PanelClient, Transport
from providers.panel_api.http.transport import Delivery

URL = "https://panel.example/api/v2"
KEY = "sample-key-0123456789"


class StubTransport(Transport):
    """Answers each POST with the next delivery, or with what a function makes of its fields."""

    def __init__(self, *answers: Delivery, by: Callable[[dict[str, str]], Delivery] | None = None):
        super().__init__()
        self._answers = list(answers)
        self._by = by
        self.asked: list[dict[str, str]] = []
        self.urls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.fresh: list[bool] = []

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, fresh: bool, **more: Any
    ) -> Delivery:
        is_json = headers["Content-Type"] == "application/json"
        fields = json.loads(body) if is_json else dict(parse_qsl(body.decode()))
        self.asked.append(fields)
        self.urls.append(url)
        self.headers.append(dict(headers))
        self.fresh.append(fresh)
        return self._by(fields) if self._by else self._answers.pop(0)


def said(body: str | bytes, http_status: int = 200, **more: Any) -> Delivery:
    """A whole answer with this body."""
    raw = body if isinstance(body, bytes) else body.encode()
    more = {"content_type": "application/json", "framed": True, "bytes_left": True, **more}
    return Delivery(http_status=http_status, body=raw, **more)


def client_hearing(*answers: Delivery | str, **dialect: Any) -> tuple[PanelClient, StubTransport]:
    """A client whose provider gives these answers in turn."""
    transport = StubTransport(*(one if isinstance(one, Delivery) else said(one) for one in answers))
    return PanelClient(Credentials(URL, KEY), Dialect(**dialect), transport), transport
