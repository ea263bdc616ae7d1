"""Third-party files of our pages and of the tests of them: where they came from, and proof they are
unchanged.

`static/vendor/manifest.json` lists packages of the npm registry, their tarball's `integrity` and
the sha256 of every file taken out of it. Files lie in `static/vendor/<package>-<version>/` under
their own name; those of a package with a `home` of its own, which no page gets, in `vendor/` of
that folder. A file that the tarball lacks (a licence text) is listed under `kept`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings

ICONS_PACKAGE = "@tabler/icons"
ICONS_FOLDER = "icons/outline"


class NotAsVendored(Exception):
    """A vendored file, or a fetched package, is not what the manifest says."""


@dataclass(slots=True)
class Package:
    """One entry of the manifest. `files` and `kept` map a name to its sha256."""

    package: str
    version: str
    licence: str
    integrity: str
    files: dict[str, str]
    kept: dict[str, str] = field(default_factory=dict)
    kept_from: str = ""
    home: str = ""

    @property
    def root(self) -> Path:
        return Path(settings.BASE_DIR) / self.home / "vendor" if self.home else vendor_root()

    @property
    def folder(self) -> Path:
        plain = self.package.removeprefix("@").replace("/", "-")
        return self.root / f"{plain}-{self.version}"

    def hashes(self) -> Iterator[tuple[Path, str]]:
        """Every file that must be on disk, with its sha256."""
        for name, sha256 in {**self.files, **self.kept}.items():
            yield self.folder / PurePosixPath(name).name, sha256


def static_root() -> Path:
    return Path(settings.BASE_DIR) / "static"


def vendor_root() -> Path:
    return static_root() / "vendor"


def read_manifest() -> list[Package]:
    entries = json.loads((vendor_root() / "manifest.json").read_text("utf-8"))
    return [Package(**entry) for entry in entries["packages"]]


def write_manifest(packages: list[Package]) -> None:
    text = json.dumps({"packages": [_entry(p) for p in packages]}, indent=2, ensure_ascii=False)
    (vendor_root() / "manifest.json").write_text(text + "\n", "utf-8")


def _entry(package: Package) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "package": package.package,
        "version": package.version,
        "licence": package.licence,
        "integrity": package.integrity,
        "files": dict(sorted(package.files.items())),
    }
    if package.kept:
        entry |= {"kept": package.kept, "kept_from": package.kept_from}
    return entry | ({"home": package.home} if package.home else {})


def differences() -> list[str]:
    """What is missing, changed or there without being listed; empty when all is as vendored."""
    found, listed = [], {vendor_root() / "manifest.json"}
    roots = {vendor_root()}
    for package in read_manifest():
        roots.add(package.root)
        for path, sha256 in package.hashes():
            listed.add(path)
            if not path.is_file():
                found.append(f"missing: {_shown(path)}")
            elif _sha256(path.read_bytes()) != sha256:
                found.append(f"changed: {_shown(path)}")
    there = {path for root in roots for path in root.rglob("*") if path.is_file()}
    strays = there - listed
    found += [f"not in the manifest: {_shown(path)}" for path in sorted(strays)]
    sprite = static_root() / "icons.svg"
    if not found and sprite.read_text("utf-8") != icon_sprite():
        found.append("icons.svg is not what the vendored icons make")
    return found


def take_from_tarball(package: Package, tarball: bytes) -> None:
    """Check the tarball against the manifest and lay its named files down, byte for byte."""
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if integrity != package.integrity:
        raise NotAsVendored(f"{package.package}: the registry's tarball has {integrity}")
    package.folder.mkdir(parents=True, exist_ok=True)
    for name, content in _members(package, tarball):
        (package.folder / PurePosixPath(name).name).write_bytes(content)
        package.files[name] = _sha256(content)


def _members(package: Package, tarball: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        for name in package.files:
            member = archive.extractfile(f"package/{name}")
            if member is None:
                raise NotAsVendored(f"{package.package} has no file {name}")
            yield name, member.read()


def icon_names() -> list[str]:
    """The icons a page may use."""
    icons = next(p for p in read_manifest() if p.package == ICONS_PACKAGE)
    return sorted(PurePosixPath(name).stem for name in icons.files if name.endswith(".svg"))


def icon_sprite() -> str:
    """One SVG holding every vendored icon as a <symbol>, for `<use href="…#name">`."""
    icons = next(p for p in read_manifest() if p.package == ICONS_PACKAGE)
    symbols = [
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
        f"{_inside((icons.folder / f'{name}.svg').read_text('utf-8'))}</symbol>"
        for name in icon_names()
    ]
    lines = "\n".join(symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{lines}\n</svg>\n'


def _inside(svg: str) -> str:
    match = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
    if match is None:
        raise NotAsVendored("an icon is no SVG")
    return re.sub(r"\s*\n\s*", "", match[1])


def write_sprite() -> None:
    (static_root() / "icons.svg").write_text(icon_sprite(), "utf-8")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _shown(path: Path) -> str:
    root = static_root() if path.is_relative_to(static_root()) else Path(settings.BASE_DIR)
    return path.relative_to(root).as_posix()
