"""HTTP/1.1 as bytes: reading one request from a socket, writing one reply to it."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HEAD_LIMIT = 65_536
BODY_LIMIT = 4 << 20
FIRST_BODY_BYTES = 4_096
PHRASES = {status.value: status.phrase for status in HTTPStatus}


class BadRequest(Exception):
    """Bytes that are no request; the connection is closed after a plain 400."""


@dataclass(slots=True)
class Request:
    """`fields` are the form or JSON fields as text; `method` and header names as sent, lowered."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    keep_alive: bool
    body: bytes = b""
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def is_json(self) -> bool:
        return "json" in self.headers.get("content-type", "")

    def read_fields(self) -> None:
        self.fields = read_fields(self.headers.get("content-type", ""), self.body)


@dataclass(slots=True)
class Reply:
    """An answer before it becomes bytes; `headers` beside length, type and connection."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)
    close: bool = False

    def head(self, *lines: str, length: int | None = None) -> bytes:
        """Status line and headers; `lines` replace the usual length line."""
        phrase = PHRASES.get(self.status, "Unknown")
        length = len(self.body) if length is None else length
        rows = [f"HTTP/1.1 {self.status} {phrase}", f"Content-Type: {self.content_type}"]
        rows += lines or (f"Content-Length: {length}",)
        rows += [f"{name}: {value}" for name, value in self.headers]
        if self.close:
            rows.append("Connection: close")
        return ("\r\n".join(rows) + "\r\n\r\n").encode("latin-1", "replace")

    def as_bytes(self) -> bytes:
        return self.head() + self.body


def json_reply(content: Any, status: int = 200, content_type: str = "application/json") -> Reply:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Reply(text.encode(), status, content_type)


class Wire:
    """One connection: a socket and what was read from it ahead."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._ahead = b""

    def read_head(self) -> Request | None:
        """The next request without its body; None when the other side is done."""
        while b"\r\n\r\n" not in self._ahead:
            if len(self._ahead) > HEAD_LIMIT:
                raise BadRequest("head too long")
            chunk = self.socket.recv(65_536)
            if not chunk:
                return None
            self._ahead += chunk
        head, _, self._ahead = self._ahead.partition(b"\r\n\r\n")
        return _parse_head(head.decode("latin-1"))

    def read_some(self, request: Request) -> None:
        """The first bytes of the body, as many as one packet may bring."""
        if "100-continue" in request.headers.get("expect", "").lower():
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = _body_length(request)
        if length:
            request.body = self._take(min(length, FIRST_BODY_BYTES))

    def read_rest(self, request: Request) -> None:
        """The remaining body; raises `BadRequest` when it is too long or ends early."""
        if "chunked" in request.headers.get("transfer-encoding", "").lower():
            request.body = self._chunks()
            return
        request.body += self._take(_body_length(request) - len(request.body))

    def _take(self, count: int) -> bytes:
        while len(self._ahead) < count:
            chunk = self.socket.recv(65_536)
            if not chunk:
                raise BadRequest("body ended early")
            self._ahead += chunk
        taken, self._ahead = self._ahead[:count], self._ahead[count:]
        return taken

    def _line(self) -> bytes:
        while b"\r\n" not in self._ahead:
            chunk = self.socket.recv(65_536)
            if not chunk or len(self._ahead) > BODY_LIMIT:
                raise BadRequest("bad chunk")
            self._ahead += chunk
        line, _, self._ahead = self._ahead.partition(b"\r\n")
        return line

    def _chunks(self) -> bytes:
        body = b""
        while True:
            try:
                size = int(self._line().split(b";")[0], 16)
            except ValueError:
                raise BadRequest("bad chunk") from None
            if size < 0 or len(body) + size > BODY_LIMIT:
                raise BadRequest("body too long")
            if size == 0:
                while self._line():
                    pass
                return body
            body += self._take(size)
            self._line()

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)


def _body_length(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    if not text.isdecimal() or int(text) > BODY_LIMIT:
        raise BadRequest("bad length")
    return int(text)


def _parse_head(head: str) -> Request:
    lines = head.split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest("bad request line")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequest("bad header")
        headers[name.strip().lower()] = value.strip()
    try:
        target = urlsplit(parts[1])
    except ValueError:
        raise BadRequest("bad target") from None
    said = headers.get("connection", "").lower()
    keep_alive = "close" not in said if parts[2] == "HTTP/1.1" else "keep-alive" in said
    query = dict(parse_qsl(target.query, keep_blank_values=True))
    return Request(parts[0].upper(), target.path, query, headers, keep_alive)


def read_fields(content_type: str, body: bytes) -> dict[str, str]:
    """Form, JSON or multipart fields as text; an unreadable body has none."""
    if "json" in content_type.lower():
        return _json_fields(body)
    if "multipart/form-data" in content_type.lower():
        return _multipart_fields(content_type, body)
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    fields: dict[str, str] = {}
    for name, value in pairs:
        plain = name.removesuffix("[]")
        fields[plain] = f"{fields[plain]},{value}" if name != plain and plain in fields else value
    return fields


def _json_fields(body: bytes) -> dict[str, str]:
    try:
        content = json.loads(body, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {
        str(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in content.items()
        if value is not None
    }


def _multipart_fields(content_type: str, body: bytes) -> dict[str, str]:
    boundary = content_type.partition("boundary=")[2].split(";")[0].strip('" ').encode()
    fields: dict[str, str] = {}
    for part in body.split(b"--" + boundary)[1:-1] if boundary else ():
        head, _, value = part.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0]
        fields[name.decode("utf-8", "replace")] = value.removesuffix(b"\r\n").decode(
            "utf-8", "replace"
        )
    return fields
