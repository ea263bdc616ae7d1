"""How long PostgreSQL may keep us waiting: for a connection, for a statement, for any sign of life.

Without these a server that vanishes without a word holds a thread for as long as the kernel sends
its last packet again, a quarter of an hour.
"""

from __future__ import annotations

from typing import Any

KEEPALIVES = 3  # questions without an answer, after which a quiet connection is given up


def timeouts(*, connect: int, silent: int, statement: int) -> dict[str, Any]:
    """Options of a connection, from seconds. `silent` is how long a server may say nothing at all
    before it counts as gone; `statement` is what one statement may take, 0 for any time."""
    step = max(1, silent // (KEEPALIVES + 1))
    return {
        "connect_timeout": connect,
        "keepalives": 1,
        "keepalives_idle": step,
        "keepalives_interval": step,
        "keepalives_count": KEEPALIVES,
        "tcp_user_timeout": silent * 1000,
        "options": f"-c statement_timeout={statement * 1000}"
        f" -c tcp_keepalives_idle={step} -c tcp_keepalives_interval={step}"
        f" -c tcp_keepalives_count={KEEPALIVES} -c tcp_user_timeout={silent * 1000}",
    }


def lift_statement_timeout(*, using: str, **kwargs: Any) -> None:
    """A migration takes what it takes; heard before every `migrate`."""
    _set(using, "SET statement_timeout = 0")


def restore_statement_timeout(*, using: str, **kwargs: Any) -> None:
    _set(using, "RESET statement_timeout")


def _set(using: str, statement: str) -> None:
    from django.db import connections  # here: the settings read this file before there is Django

    if connections[using].vendor == "postgresql":
        with connections[using].cursor() as cursor:
            cursor.execute(statement)
