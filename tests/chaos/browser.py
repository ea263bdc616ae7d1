"""Just enough of a browser: cookies, hidden fields of forms, and the tokens in them."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urlencode

PATIENCE_SECONDS = 10.0
UNHURT_SECONDS = 120.0  # before anybody hurts the desk, only a busy machine can keep it so long
_HIDDEN = re.compile(r"<input[^>]*type=\"hidden\"[^>]*>")
_BEHIND = re.compile(r'value="(behind:[^"]*)"')
_RESTORED = re.compile(r'name="restores_meant" value="([^"]+)"')
_NAME, _VALUE = re.compile(r'name="([^"]*)"'), re.compile(r'value="([^"]*)"')


class NoAnswer(Exception):
    """Nothing readable came back: the request may have been carried out or not."""


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    location: str
    text: str

    @property
    def is_log_in(self) -> bool:
        return self.location.startswith("/log-in/")

    def hidden(self) -> dict[str, str]:
        """The hidden fields of all its forms, the first of each name."""
        found: dict[str, str] = {}
        for tag in _HIDDEN.findall(self.text):
            name, value = _NAME.search(tag), _VALUE.search(tag)
            if name:
                found.setdefault(unescape(name[1]), unescape(value[1]) if value else "")
        return found

    def tick_of_restore(self) -> str:
        """What the box says for a form of before a restore; empty where it asks for none."""
        found = _RESTORED.search(self.text)
        return unescape(found[1]) if found else ""

    def choice_behind(self) -> str:
        """What its choice to stand behind other orders says; empty where it has none."""
        found = _BEHIND.search(self.text)
        return unescape(found[1]) if found else ""


@dataclass
class Browser:
    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    patience: float = PATIENCE_SECONDS

    def get(self, path: str) -> Page:
        return self._ask("GET", path, None, {})

    def post(
        self,
        path: str,
        fields: dict[str, str],
        *,
        headers: dict[str, str] | None = None,
        patience: float | None = None,
    ) -> Page:
        return self._ask("POST", path, urlencode(fields), headers or {}, patience)

    def clone(self) -> Browser:
        """Another tab of the same person."""
        return Browser(self.port, dict(self.cookies), self.patience)

    def _ask(
        self,
        method: str,
        path: str,
        body: str | None,
        headers: dict[str, str],
        patience: float | None = None,
    ) -> Page:
        line = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=self.patience if patience is None else patience
        )
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            line.request(method, path, body, {**sent, **headers})
            answer = line.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(type(error).__name__) from error
        finally:
            line.close()
        for header in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: one.value for name, one in SimpleCookie(header).items()}
        return Page(answer.status, answer.headers.get("Location", ""), text)
