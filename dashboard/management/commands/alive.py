"""`manage.py alive beat|dispatch|follow`: the health check of a process that serves no pages."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.clocks import HEARTBEAT_STALE_SECONDS, database_now
from dashboard.models import BEAT, Heartbeat
from dashboard.timetable import QUEUES


class Command(BaseCommand):
    help = "Succeeds when beat, or a worker of this queue, was seen at work lately."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", choices=(BEAT, *QUEUES))

    def handle(self, *, part: str, **options: Any) -> None:
        age = Heartbeat.objects.ages(database_now()).get(part)
        if age is None or age > HEARTBEAT_STALE_SECONDS:
            seen = "was never seen" if age is None else f"was last seen {age:.0f} s ago"
            raise CommandError(f"{part} {seen}.")
        self.stdout.write(f"{part} was seen {age:.0f} s ago.")
