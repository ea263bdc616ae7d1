"""A transaction that survives the loss of power, for claims that must never be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, connection, transaction

# What a query may raise when the server has gone: Django keeps the second beside the first.
DATABASE_AWAY = (DatabaseError, InterfaceError)


@contextmanager
def durable_transaction() -> Iterator[None]:
    """The outermost transaction, on disk when the block ends.

    PostgreSQL does this by itself. SQLite in WAL mode with synchronous=NORMAL may forget its
    last commits when power fails, and a forgotten claim would be sent again; so the disk is
    waited for here, and only here.
    """
    sqlite = connection.vendor == "sqlite" and not connection.in_atomic_block
    if sqlite:
        _set_synchronous("FULL")
    try:
        with transaction.atomic(durable=True):
            yield
    finally:
        if sqlite:
            _set_synchronous("NORMAL")


def drop_broken_connection() -> None:
    """After a lost database: a connection that broke stays broken until somebody lets it go."""
    if not connection.in_atomic_block and not connection.is_usable():
        connection.close()


def _set_synchronous(level: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA synchronous={level}")
