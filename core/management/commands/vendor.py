"""`manage.py vendor`: check, or fetch again, the third-party files of our pages and their tests."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.web import vendoring
from core.web.vendoring import ICONS_FOLDER, ICONS_PACKAGE, NotAsVendored, Package


class Command(BaseCommand):
    help = "Check the vendored front-end files, or fetch them again from the npm registry."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--check", action="store_true", help="re-hash every file, offline")
        what.add_argument("--update", action="store_true", help="npm pack, verify, extract")
        what.add_argument("--icons", nargs="+", metavar="NAME", help="fetch more Tabler icons")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            self._check()
        else:
            self._update(options["icons"] or [])

    def _check(self) -> None:
        if found := vendoring.differences():
            raise CommandError("\n".join(found))
        self.stdout.write("Every vendored file is as its package had it.")

    def _update(self, icons: list[str]) -> None:
        packages = vendoring.read_manifest()
        wanted = [p for p in packages if not icons or p.package == ICONS_PACKAGE]
        for package in wanted:
            if package.package == ICONS_PACKAGE:
                package.files |= {f"{ICONS_FOLDER}/{name}.svg": "" for name in icons}
            try:
                vendoring.take_from_tarball(package, fetch(package))
            except (NotAsVendored, KeyError) as problem:
                raise CommandError(str(problem)) from problem
            self.stdout.write(f"{package.package} {package.version}: {len(package.files)} files")
        vendoring.write_manifest(packages)
        vendoring.write_sprite()


def fetch(package: Package) -> bytes:
    """The package's tarball, as npm fetches it."""
    npm = shutil.which("npm")
    if npm is None:
        raise CommandError("npm is needed to fetch packages (not to run or test the desk).")
    with tempfile.TemporaryDirectory() as folder:
        name = f"{package.package}@{package.version}"
        command = [npm, "pack", name, "--silent", "--pack-destination", folder]
        packed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (fixed command, names from our manifest)
        if packed.returncode:
            raise CommandError(f"npm could not fetch {name}: {packed.stderr.strip()[-300:]}")
        return next(Path(folder).glob("*.tgz")).read_bytes()
