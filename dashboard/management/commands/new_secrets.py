"""`manage.py new_secrets`: the secrets a desk in production needs, as lines for its .env file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dashboard.supervisor.secrets_file import as_lines


class Command(BaseCommand):
    help = "Prints a new SECRET_KEY and a new FIELD_ENCRYPTION_KEYS; writes nothing."
    requires_system_checks: list[str] = []  # it is run before there are any secrets

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--compose",
            action="store_true",
            help="with the passwords of database and broker, and the first admin's",
        )

    def handle(self, *, compose: bool, **options: Any) -> None:
        self.stdout.write(as_lines(compose=compose))
