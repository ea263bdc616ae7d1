"""`manage.py copy_data sqlite:////path/to/desk.sqlite3`: move a desk into DATABASE_URL."""

from __future__ import annotations

from typing import Any

import environ
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from core.clocks import database_now
from dashboard.databases.copying import CannotCopy, add_database, copy_rows
from orders.sending.restore_check import guard

SOURCE = "copied_from"
COPIED = "All rows were copied from another database. Was anything sent from there afterwards?"


class Command(BaseCommand):
    help = "Copies every row of another database into this one, which must be migrated and empty."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="such as sqlite:////path/to/desk.sqlite3")

    def handle(self, *, source: str, **options: Any) -> None:
        add_database(SOURCE, {"OPTIONS": {}, **environ.Env.db_url_config(source)})
        try:
            copied = copy_rows(SOURCE, "default", self.stdout.write)
        except (CannotCopy, DatabaseError) as problem:
            raise CommandError(f"Nothing was copied. {problem}") from problem
        guard.quarantine(COPIED, now=database_now())
        self.stdout.write(f"{copied} rows copied. Nothing is sent until they are accepted.")
