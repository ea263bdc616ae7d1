"""A customer with nothing but a socket, so that no library can hide what was sent."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox import Sandbox


@dataclass(frozen=True)
class Heard:
    """All bytes of one connection, and how it ended: closed, reset, silent or refused."""

    raw: bytes
    end: str

    @property
    def head(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(": ") for line in lines)
        return {name.lower(): value for name, _, value in pairs}

    def json(self) -> Any:
        return json.loads(self.body)


def http(
    box: Sandbox, body: bytes, *, path: str = "/api/v2", method: str = "POST", extra: str = ""
) -> bytes:
    kind = "" if "Content-Type" in extra else "Content-Type: application/x-www-form-urlencoded\r\n"
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: sandbox.example\r\n{kind}"
        f"Content-Length: {len(body)}\r\n{extra}\r\n"
    )
    return head.encode() + body


def form(box: Sandbox, action: str, **fields: Any) -> bytes:
    return urlencode({"key": box.key, "action": action, **fields}).encode()


def exchange(box: Sandbox, sent: bytes, *, patience: float = 2.0, most: int = 1 << 20) -> Heard:
    """Send these bytes and listen until the end, `most` bytes, or silence."""
    heard = b""
    try:
        customer = socket.create_connection((box.host, box.port), timeout=patience)
    except ConnectionRefusedError:
        return Heard(b"", "refused")
    except ConnectionResetError:
        return Heard(b"", "reset")
    with customer:
        try:
            customer.sendall(sent)
            while len(heard) < most:
                chunk = customer.recv(65_536)
                if not chunk:
                    return Heard(heard, "closed")
                heard += chunk
        except ConnectionError:
            return Heard(heard, "reset")
        except TimeoutError:
            return Heard(heard, "silent")
    return Heard(heard, "more")


def ask(box: Sandbox, action: str, *, patience: float = 2.0, **fields: Any) -> Heard:
    sent = http(box, form(box, action, **fields), extra="Connection: close\r\n")
    return exchange(box, sent, patience=patience)


def answer(box: Sandbox, action: str, **fields: Any) -> Any:
    """The JSON content of an answer."""
    return ask(box, action, **fields).json()


QUANTIFIED_BY_LINES: dict[str, dict[str, Any]] = {
    "Package": {},
    "Custom Comments": {"comments": "fine\r\nuseful\n"},
    "Custom Comments Package": {"comments": "fine\nuseful"},
    "Mentions Custom List": {"usernames": "ann\nbob\n\ncho"},
    "Comment Replies": {"comments": "yes\nno", "username": "ann"},
}
QUANTIFIED_BY_FIELD: dict[str, dict[str, Any]] = {
    "Default": {},
    "SEO": {"keywords": "red shoes\nblue shoes"},
    "Mentions": {"usernames": "ann\nbob"},
    "Mentions with Hashtags": {"usernames": "ann\nbob", "hashtags": "tea\ncake"},
    "Mentions Hashtag": {"hashtag": "tea"},
    "Mentions User Followers": {"username": "ann"},
    "Mentions Media Likers": {"media": "https://shop.example/post"},
    "Comment Likes": {"username": "ann"},
    "Poll": {"answer_number": 2},
    "Invites from Groups": {"groups": "readers\nwriters"},
    "Web Traffic": {"country": "DE", "device": 5, "type_of_traffic": 3},
}


def order_fields(box: Sandbox, kind: str = "Default", **changes: Any) -> dict[str, Any]:
    """Valid fields for the first service of a type; None takes a field away."""
    service = box.service(kind)
    low = service["min"]
    fields: dict[str, Any] = {"service": service["id"]}
    if kind == "Subscriptions":
        fields |= {"username": "ann", "min": low, "max": low + 5, "delay": 30}
    else:
        fields["link"] = "https://shop.example/page"
    if kind in QUANTIFIED_BY_FIELD:
        fields |= {"quantity": low, **QUANTIFIED_BY_FIELD[kind]}
    fields |= QUANTIFIED_BY_LINES.get(kind, {})
    return {name: value for name, value in (fields | changes).items() if value is not None}


def place(box: Sandbox, kind: str = "Default", **changes: Any) -> str:
    """The id of a new order."""
    return str(answer(box, "add", **order_fields(box, kind, **changes))["order"])
