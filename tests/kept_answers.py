"""The spool of answers on disk, for programs that also prove a desk without one."""

from __future__ import annotations

import importlib
import importlib.util
from datetime import datetime

SPOOL = "orders.sending.answer_spool"


def has_spool() -> bool:
    """Answers are kept on disk before the database is asked to take them."""
    return importlib.util.find_spec(SPOOL) is not None


def import_spool(now: datetime) -> None:
    """Settle what dead workers have left on disk, as a task does every few seconds."""
    if has_spool():
        importlib.import_module(SPOOL).import_spool(now=now)
