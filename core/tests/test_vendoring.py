"""What we serve of others is what they published."""

from __future__ import annotations

import io
import re
import shutil
import tarfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from core.web import vendoring
from core.web.vendoring import NotAsVendored, Package, differences, icon_names, take_from_tarball


@pytest.fixture
def copied_static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "static"
    shutil.copytree(vendoring.static_root(), root)
    monkeypatch.setattr(vendoring, "static_root", lambda: root)
    return root


def test_every_vendored_file_is_as_its_package_had_it() -> None:
    assert differences() == []


def test_a_changed_file_is_named(copied_static: Path) -> None:
    htmx = next(copied_static.glob("vendor/htmx*/htmx.min.js"))
    htmx.write_bytes(htmx.read_bytes() + b"\n")
    assert differences() == [f"changed: {htmx.relative_to(copied_static)}"]
    with pytest.raises(CommandError, match=r"htmx\.min\.js"):
        call_command("vendor", "--check")


def test_a_missing_file_and_a_stray_one_are_named(copied_static: Path) -> None:
    next(copied_static.glob("vendor/htmx*/LICENSE")).unlink()
    (copied_static / "vendor" / "extra.js").write_text("")
    missing, stray = differences()
    assert missing.startswith("missing: ") and stray == "not in the manifest: vendor/extra.js"


def test_a_sprite_edited_by_hand_is_noticed(copied_static: Path) -> None:
    (copied_static / "icons.svg").write_text("<svg/>")
    assert differences() == ["icons.svg is not what the vendored icons make"]


def test_a_tarball_with_another_checksum_is_refused(copied_static: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("package/dist/htmx.min.js"))
    package = Package("htmx.org", "9.9.9", "0BSD", "sha512-other", {"dist/htmx.min.js": ""})
    with pytest.raises(NotAsVendored):
        take_from_tarball(package, packed.getvalue())
    assert not package.folder.exists()


def test_every_package_brings_its_licence() -> None:
    for package in vendoring.read_manifest():
        assert any(path.name.startswith("LICENSE") for path, _ in package.hashes()), package


def _sources() -> str:
    root = Path(settings.BASE_DIR)
    apps = ["core", "dashboard", "orders", "providers"]
    files = [path for app in apps for path in (root / app).rglob("*.py")]
    files += (root / "templates").rglob("*.html")
    return "\n".join(path.read_text("utf-8") for path in files if "tests" not in path.parts)


def test_every_icon_a_page_names_is_in_the_sprite() -> None:
    named = set(re.findall(r"""\{%\s*icon\s+["']([a-z0-9-]+)["']""", _sources()))
    assert named and named <= set(icon_names())
