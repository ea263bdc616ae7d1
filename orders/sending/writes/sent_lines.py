"""One send, as the lines of a journal tell of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ..outcome import SendOutcome
from .journal_file import DATABASE_ACCEPTED, Line
from .spool_files import UNREADABLE

log = logging.getLogger(__name__)
SENT: Final = "sent"
ENDED: Final = "ended"


@dataclass(slots=True)
class Send:
    """One send as the file tells it. `send_outcome` None: how it ended is not known here.
    `is_carried`: the database that was accepted last has been told of it. `digest` is of all that
    was ordered; releases up to 0.2.0 kept none."""

    provider_id: int
    idempotency_key: str
    started_at: datetime
    payload: dict[str, str]
    send_outcome: SendOutcome | None = None
    is_carried: bool = False
    digest: str = ""

    @property
    def form_key(self) -> UUID:
        return form_key_of(self.idempotency_key)

    @property
    def number(self) -> int:
        return int(self.idempotency_key.rpartition("-")[2])

    def lines(self) -> list[Line]:
        """As the file had them, for another line to carry on."""
        name = {"token": self.idempotency_key, "started_at": self.started_at.isoformat()}
        sent: Line = {"what": SENT, "payload": self.payload, "digest": self.digest, **name}
        if self.send_outcome is None:
            return [sent]
        said = self.send_outcome.to_json() | {"evidence": None}
        return [sent, {"what": ENDED, "send_outcome": said, **name}]


def read_sends(provider_id: int, lines: Iterable[Line]) -> list[Send]:
    """Those since a database was accepted last, and what that one was missing."""
    sends = dict[tuple[str, str], Send]()
    for line in lines:
        if line.get("what") == DATABASE_ACCEPTED:
            sends.clear()
        for told in (line, *_missing_in(line)):
            try:
                _take_in(sends, provider_id, told)
            except UNREADABLE:
                log.warning("a line about account %s cannot be read", provider_id)
        if line.get("what") == DATABASE_ACCEPTED:
            for send in sends.values():
                send.is_carried = True
    return list(sends.values())


def form_key_of(idempotency_key: str) -> UUID:
    """Raises ValueError for what is no key of ours."""
    return UUID(hex=idempotency_key.rpartition("-")[0])


def _take_in(sends: dict[tuple[str, str], Send], provider_id: int, line: dict[str, Any]) -> None:
    what = line["what"]
    if what == DATABASE_ACCEPTED:
        return
    key = (line["token"], line["started_at"])
    if what == SENT:
        began = datetime.fromisoformat(line["started_at"])
        send = Send(provider_id, line["token"], began, _payload_of(line))
        send.digest = str(line.get("digest") or "")[:32]
        if send.form_key and send.number:
            sends[key] = send
    elif what == ENDED and key in sends:
        sends[key].send_outcome = SendOutcome.kept_in(line)


def _missing_in(line: Line) -> list[Line]:
    """What a line that accepts a database carries on."""
    lines = line.get("missing")
    return [one for one in lines if isinstance(one, dict)] if isinstance(lines, list) else []


def _payload_of(line: dict[str, Any]) -> dict[str, str]:
    """For people alone, so no send is forgotten for it. Releases up to 0.1.0 called it `wish`."""
    shown = line.get("payload", line.get("wish"))
    return {name: str(text) for name, text in shown.items()} if isinstance(shown, dict) else {}
