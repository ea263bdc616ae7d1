"""`manage.py up`: the whole desk on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard import settings as written  # django.conf refuses to tell an empty SECRET_KEY
from dashboard.supervisor.refusal import Refused
from dashboard.supervisor.secrets_file import MAKERS, add_missing_secrets


class Command(BaseCommand):
    help = "Runs web, worker, beat, an embedded broker and a sandbox provider until Ctrl-C."
    requires_system_checks: list[str] = []  # `prepare` makes them once the secrets are there

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--no-sandbox", action="store_true", help="real providers only")

    def handle(self, *, port: int, no_sandbox: bool, verbosity: int, **options: Any) -> None:
        data_dir: Path = settings.DATA_DIR
        print(f"Reseller Desk\n  data       {data_dir}", flush=True)
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            missing = [name for name in MAKERS if not getattr(written, name)]
            if add_missing_secrets(data_dir, missing):
                print("  secrets    made, in secrets.env: keep a copy of that file", flush=True)
        except (OSError, Refused) as problem:
            raise CommandError(str(problem)) from None
        self._become_the_supervisor(data_dir, port, sandbox=not no_sandbox, loud=verbosity > 1)

    def _become_the_supervisor(
        self, data_dir: Path, port: int, *, sandbox: bool, loud: bool
    ) -> None:
        """In place of this process, so that the one that only watches does not hold Django."""
        facts = ["--data-dir", str(data_dir), "--port", str(port)]
        facts += ["--leases", str(settings.POLL_LEASES)]
        facts += ["--sandbox-speed", str(settings.SANDBOX_SPEED)]
        flags = {
            "--embedded-broker": settings.EMBEDDED_BROKER,
            "--sandbox": sandbox,
            "--loud": loud,
        }
        facts += [flag for flag, wanted in flags.items() if wanted]
        os.chdir(settings.BASE_DIR)
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "dashboard.supervisor", *facts])  # noqa: S606  (ours)
