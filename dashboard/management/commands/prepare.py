"""`manage.py prepare`: what `manage.py up` has done before it listens."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.clocks import database_now
from dashboard import bootstrap


class Command(BaseCommand):
    help = (
        "Applies migrations, gathers static files and makes the first admin from "
        "DESK_ADMIN_PASSWORD; with DESK_SANDBOX_URL and DESK_SANDBOX_KEY, the sandbox's account."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-static", action="store_true", help="an image brings them along")
        parser.add_argument("--report", type=Path, help="where to write what was done, as JSON")

    def handle(self, *, no_static: bool, report: Path | None, **options: Any) -> None:
        if no_static and not bootstrap.static_files_are_there():
            raise CommandError(
                f"There are no static files in {settings.STATIC_ROOT}: run "
                "`python manage.py collectstatic` where the image is built."
            )
        bootstrap.migrate(self._say)
        if not no_static:
            bootstrap.collect_static_files(self._say)
        password = os.environ.get("DESK_ADMIN_PASSWORD", "")
        made = bool(password) and bootstrap.make_first_admin(password)
        if key := os.environ.get("DESK_SANDBOX_KEY"):
            url = settings.SANDBOX_URL + "/api/v2"
            provider = bootstrap.add_sandbox(url, key, clock=database_now, say=self._say)
            bootstrap.mirror_sandbox(provider, clock=database_now, say=self._say)
        if report:
            report.write_text(json.dumps({"admin_made": made}))

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
