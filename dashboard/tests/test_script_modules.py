"""Our scripts: each is loaded, described and tested, and imports the others by hashed names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from pytest_django import Settings

ROOT = Path(settings.BASE_DIR)
SCRIPTS = sorted(path.name for path in (ROOT / "static" / "js").glob("*.js"))
IMPORT = re.compile(r'^import .* from "\./([^"]+)";$', re.MULTILINE)
TEST = re.compile(r"`(tests/browser/\w+\.py)::(\w+)`")


def imported(text: str) -> set[str]:
    return set(IMPORT.findall(text))


@pytest.fixture
def gathered(settings: Settings, tmp_path: Path) -> Path:
    hashed = {"BACKEND": "core.web.static_files.HashedStaticFiles"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": hashed}
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_modules_import_each_other_by_hashed_names_and_vendored_files_stay(gathered: Path) -> None:
    paths: dict[str, str] = json.loads((gathered / "staticfiles.json").read_text())["paths"]
    for name in SCRIPTS:
        ours = (gathered / paths[f"js/{name}"]).read_text()
        wanted = imported((ROOT / "static" / "js" / name).read_text())
        assert imported(ours) == {Path(paths[f"js/{other}"]).name for other in wanted}
    for name, stored in paths.items():
        if name.startswith("vendor/") and name.endswith(".js"):
            assert (gathered / stored).read_bytes() == (ROOT / "static" / name).read_bytes()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_loaded_by_a_template_or_imported(name: str) -> None:
    scripts = (path.read_text() for path in (ROOT / "static" / "js").glob("*.js"))
    pages = (path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    assert any(f"'js/{name}'" in page for page in pages) or any(
        name in imported(script) for script in scripts
    )


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_described_with_its_browser_test(name: str) -> None:
    paper = (ROOT / "docs" / "scripts.md").read_text()
    (row,) = [line for line in paper.splitlines() if line.startswith(f"| `static/js/{name}`")]
    found = TEST.search(row)
    assert found, f"{name} names no browser test"
    file, test = found.groups()
    assert f"def {test}(" in (ROOT / file).read_text()
