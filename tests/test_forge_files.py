"""What pre-commit and a forge are told to call is there, and the papers name each command."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from tests.chaos.__main__ import OUT

ROOT = Path(settings.BASE_DIR)
PAPERS = (
    *("README.md", "CONTRIBUTING.md", "SECURITY.md"),
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
)


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_pre_commit_calls_only_programs_that_are_installed_here() -> None:
    config: dict[str, Any] = yaml.safe_load(read(".pre-commit-config.yaml"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    for hook in config["repos"][0]["hooks"]:
        folder, program = hook["entry"].split()[0].rsplit("/", 1)
        assert folder == ".venv/bin"
        assert (Path(sys.executable).parent / program).is_file()


def test_make_format_calls_programs_that_are_installed_here() -> None:
    """`python -m djade` laid nothing out: it is a program and no module."""
    recipe = read("Makefile").split("\nformat:")[1].split("\n\n")[0]
    for module in re.findall(r"\$\(PY\) -m (\w+)", recipe):
        assert find_spec(module), module
    programs = re.findall(r"\$\(VENV\)/bin/(\w+)", recipe)
    assert "djade" in programs
    for program in programs:
        assert (Path(sys.executable).parent / program).is_file()


def test_the_forge_runs_what_any_other_machine_runs() -> None:
    workflow: dict[str, Any] = yaml.safe_load(read(".github/workflows/ci.yml"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert ".ci/run" in [step.get("run") for step in steps]
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert workflow["permissions"] == {"contents": "read"}
    (kept,) = (step for step in steps if "upload-artifact" in step.get("uses", ""))
    assert kept["if"] == "always()", "what failed is what has to be read"
    assert ROOT / kept["with"]["path"] == OUT


def test_contributing_names_each_command_and_no_other() -> None:
    makefile = read("Makefile")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    commands = set(phony[1].split())
    table = re.findall(r"^\| (`[^|]*) \|", read("CONTRIBUTING.md"), re.MULTILINE)
    rows = [row for row in table if row.startswith("`make ")]
    named = {word for row in rows for word in re.findall(r"`(?:make )?(\w+)`", row)}
    assert named == commands - {"help", "clean"}


@pytest.mark.parametrize("paper", PAPERS)
def test_what_a_paper_says_to_type_is_there(paper: str) -> None:
    text = read(paper)
    targets = set(re.findall(r"^([a-z0-9]+):", read("Makefile"), re.MULTILINE))
    typed = re.findall(r"(?:`|^)make ((?:[a-z0-9]+ )*[a-z0-9]+)\b", text, re.MULTILINE)
    assert {word for words in typed for word in words.split()} <= targets
    modules = set(re.findall(r"python -m ([\w.]+)", text))
    assert not [module for module in modules if not find_spec(module)]
    assert set(re.findall(r"manage\.py ([a-z]\w*)", text)) <= set(get_commands())


@pytest.mark.parametrize("paper", ["docs/proofs.md", "CHANGELOG.md"])
def test_nothing_is_told_twice(paper: str) -> None:
    lines = [line for line in read(paper).splitlines() if re.match(r"\| (?!---)|- ", line)]
    told = Counter(line.split("|")[1] if line[0] == "|" else line for line in lines)
    assert not [line for line, times in told.items() if times > 1]


def test_the_version_is_the_newest_of_the_changelog() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    dated = re.findall(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)$", read("CHANGELOG.md"), re.M)
    assert dated[0][0] == version
    assert [day for _, day in dated] == sorted((day for _, day in dated), reverse=True)


def test_the_changelog_says_nothing_twice() -> None:
    entries = re.findall(r"^- .*(?:\n  .*)*", read("CHANGELOG.md"), re.MULTILINE)
    told = [" ".join(entry.split()) for entry in entries]
    assert len(told) == len(set(told)) > 80


def test_the_proofs_name_only_what_stands_in_the_file_they_name() -> None:
    folders = ("core", "dashboard", "orders", "providers", "sandbox", "tests", "static/js")
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.[pj][ys]"))
    listed = [path.relative_to(ROOT).as_posix() for path in found]
    for file, name in set(re.findall(r"`([\w/]+\.(?:py|js))::(\w+)[`.]", read("docs/proofs.md"))):
        candidates = [path for path in listed if path == file or path.endswith(f"/{file}")]
        told = rf"(?:async )?(?:def|class|function) {name}\b|(?:const )?{name}\b[^=\n]*="
        made = rf"(?m)^\s*(?:export )?(?:{told})"
        assert any(re.search(made, read(path)) for path in candidates), f"{file}::{name}"
