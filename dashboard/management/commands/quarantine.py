"""Stop all sending before the workers start: the database was restored."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.clocks import database_now
from orders.sending.restore_check import guard, put_back_again


class Command(BaseCommand):
    help = "Stop all sending until somebody has looked through a restored database on its page."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="Somebody said that a backup was restored.")

    def handle(self, *args: Any, reason: str, **options: Any) -> None:
        now = database_now()
        if guard.quarantine(reason, now=now):
            self.stdout.write("Nothing is sent now. The desk's overview leads to the page.")
        else:
            put_back_again.renew(now=now)
            self.stdout.write("Nothing was being sent anyway. Its page asks for another run.")
