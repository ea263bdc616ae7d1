"""Stop all sending before the workers start: the database was restored."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.clocks import database_now
from orders.sending.restore_check import guard


class Command(BaseCommand):
    help = "Stop all sending until somebody has looked through a restored database on its page."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="Somebody said that a backup was restored.")

    def handle(self, *args: Any, reason: str, **options: Any) -> None:
        if guard.quarantine(reason, now=database_now()):
            self.stdout.write("Nothing is sent now. The desk's overview leads to the page.")
        else:
            self.stdout.write("Nothing was being sent anyway: it is stopped already.")
