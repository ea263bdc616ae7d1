"""Back to a freshly migrated database after a test that committed.

Django's flush truncates all tables, writes content types and permissions anew and forgets the
rows that migrations made. Here only what a test has left goes, by plain deletes, and what the
migrations made is put back where it has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db import connection, transaction
from django.test import TransactionTestCase

Rows = list[tuple[Any, ...]]


class WayBack:
    """Knows the rows of the database as it is now, just migrated, and leads back to them."""

    def __init__(self) -> None:
        self._tables = sorted(connection.introspection.django_table_names(only_existing=True))
        self._first = {table: _rows_of(table) for table in self._not_empty()}

    def go(self) -> None:
        """In one transaction: references between the tables are only looked at in its end."""
        with transaction.atomic():
            for table in {*self._not_empty(), *self._first}:
                rows = self._first.get(table, [])
                if not rows or _rows_of(table) != rows:
                    _replace(table, rows)

    def _not_empty(self) -> list[str]:
        """One question for all tables: most tests leave rows in a handful."""
        asked = ", ".join(f"EXISTS (SELECT 1 FROM {_quoted(table)})" for table in self._tables)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {asked}")
            answers = cursor.fetchone()
        return [table for table, has_rows in zip(self._tables, answers, strict=True) if has_rows]


def _quoted(table: str) -> str:
    return connection.ops.quote_name(table)


def _rows_of(table: str) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {_quoted(table)} ORDER BY 1")
        return [tuple(row) for row in cursor.fetchall()]


def _replace(table: str, rows: Rows) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_quoted(table)}")
        if rows:
            places = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f"INSERT INTO {_quoted(table)} VALUES ({places})", rows)


@contextmanager
def instead_of_flush() -> Iterator[None]:
    """Inside, tests that commit end with the way back. Begins where nothing is written yet."""
    way_back = WayBack()

    def teardown(case: TransactionTestCase) -> None:
        way_back.go()

    with patch.object(TransactionTestCase, "_fixture_teardown", teardown):
        yield
