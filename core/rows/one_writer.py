"""SQLite has one writer at a time; within one process its writers wait here, awake.

SQLite's own way to wait is to sleep longer and longer between tries. With sixteen leases that
sleep costs more than the writing. PostgreSQL needs none of this.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import connection

_turn = threading.RLock()


def one_writer() -> AbstractContextManager[Any]:
    """Hold this around a short write outside any transaction, or around a whole transaction.

    Inside a transaction it does nothing: who holds the database's lock must not wait for ours.
    """
    return nullcontext() if connection.vendor != "sqlite" or connection.in_atomic_block else _turn
