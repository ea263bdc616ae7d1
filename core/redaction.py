"""Secrets are taken out of every log line by value, as the last step before it is written."""

from __future__ import annotations

import logging
from urllib.parse import quote, quote_plus

_live: set[str] = set()
REDACTED = "[key]"


def remember_secret(secret: str) -> None:
    """From now on this value never reaches a log line of this process."""
    if len(secret) >= 4:
        _live.update({secret, quote(secret, safe=""), quote_plus(secret)})


def redact(text: str) -> str:
    """The text with every live secret replaced."""
    for secret in sorted(_live, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, REDACTED)
    return text


class RedactSecrets(logging.Filter):
    """Formats the record now, so that arguments and tracebacks are covered too."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not _live:
            return True
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info:
            formatted = logging.Formatter().formatException(record.exc_info)
            record.exc_text, record.exc_info = redact(formatted), None
        elif record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True
