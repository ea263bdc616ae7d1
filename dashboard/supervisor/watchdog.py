"""Which children live but no longer serve, as the desk's own /readyz tells it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any

from core.clocks import HEALTH_EVERY_SECONDS, HEARTBEAT_STALE_SECONDS, SILENT_FOR_SECONDS

from .locks import LOOPBACK


def ask(port: int, path: str = "/readyz") -> dict[str, Any] | None:
    """The JSON answer, ready or not; None when nothing readable came within seconds."""
    line = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        line.request("GET", path)
        answer = json.loads(line.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        line.close()
    return answer if isinstance(answer, dict) else None


def is_ready(answer: dict[str, Any] | None) -> bool:
    """Everything is up, also a worker that serves its queues. What a desk finds late when it
    comes back after a night keeps it from being called ready, but not from being up."""
    up = answer and all(answer.get(part) for part in ("database", "broker", "beat"))
    return bool(up and "worker" not in silent_parts(answer))


def silent_parts(answer: dict[str, Any] | None) -> set[str]:
    """Names of children that should have been heard of lately. A broker that does not answer
    explains every other silence, so then nobody is blamed."""
    if answer is None:
        return {"web"}
    if not (answer.get("database") and answer.get("broker")):
        return set()
    if not answer.get("beat"):
        return {"beat"}
    heard = answer.get("workers_seconds_ago", {}).values()
    deaf = any(ago is None or ago > HEARTBEAT_STALE_SECONDS for ago in heard)
    return {"worker"} if deaf else set()


class Listener:
    """Asks every few seconds in a thread of its own, so that a web that hangs delays nobody."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._silent_since: dict[str, float] = {}

    def start(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            self.note(silent_parts(ask(self._port)), time.monotonic())
            time.sleep(HEALTH_EVERY_SECONDS)

    def note(self, silent: set[str], now: float) -> None:
        self._silent_since = {name: self._silent_since.get(name, now) for name in silent}

    def is_silent(self, name: str, age: float, now: float) -> bool:
        """Found silent again and again, and up (`age` seconds) for long enough to be heard."""
        since = self._silent_since.get(name)
        return since is not None and min(now - since, age) > SILENT_FOR_SECONDS
