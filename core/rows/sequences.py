"""The numbers that the database gives to new rows."""

from __future__ import annotations

from django.db import connection
from django.db.models import Model


def last_given(model: type[Model]) -> int:
    """The highest number that was given to a row of this table, whether it was kept or not, since
    its sequence was last set; 0: none was."""
    if connection.vendor == "sqlite":
        sql = "SELECT seq FROM sqlite_sequence WHERE name = %s"
    else:
        sql = "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, 'id')::regclass)"
    with connection.cursor() as cursor:
        cursor.execute(sql, [model._meta.db_table])
        row = cursor.fetchone()
    return int(row[0] or 0) if row else 0
