"""The papers stay true: every file and every name in backticks is there, and pages stay short.
So do rooms and files of the code."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from tests.test_walks import LONGEST

ROOT = Path(settings.BASE_DIR)
ALL_PAPERS = (
    *("README.md", "CONTRIBUTING.md", "SECURITY.md"),
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")),
)
BY_THE_END_OF_A_PATH = "docs/proofs.md"  # and the decisions; all others name a path from the root
SHORT_PAPERS = (
    *("docs/architecture.md", "docs/glossary.md", "docs/style.md", "docs/reliability.md"),
    *("CONTRIBUTING.md", "SECURITY.md"),
)
WRITTEN_BY_A_DESK = {"data/", "data/secrets.env", "sent/", "spool/", "report.md"}
LONGEST_PAGE = 200
FEWEST_QUESTIONS = 30
APPS = ("core", "providers", "orders", "dashboard", "sandbox")
MOST_FILES = 20  # of one folder; what is longer tells more than one story
MOST_LINES = 300
NO_ROOMS = {"tests", "migrations", "management", "templatetags", "__pycache__"}
SUFFIXES = {
    ".css",
    ".env",
    ".html",
    ".js",
    ".json",
    ".jsonl",
    ".lock",
    ".md",
    ".py",
    ".sh",
    ".toml",
    ".yml",
}

# `orders/status.py`, `orders/status.py::MOVES`, `core/`; `::FINAL` is in the file named before it
PLACE = re.compile(
    r"`((?:[\w.-]+/)+(?:[\w-]+\.\w+)?|[\w-]+\.(?:py|md|toml)|(?=::))(?:::([\w.]+))?`"
)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[\w-]+)?\)")
CODE = re.compile(r"`((?:[\w-]+/)+[\w-]+\.(?:py|js|css|html)|test_\w+\.py|(?=::))(?:::([\w.]+))?`")
DOTTED = re.compile(r"`((?:\w+/)*[a-z]\w*)\.([A-Za-z_]\w*)(?:\.\w+)*(?:\(\))?`")
MAP = re.compile(r"```\n(core/.*?)```", re.DOTALL)
EXAMPLE = re.compile(r"```python\n# (\S+)\n(.*?)```", re.DOTALL)
QUESTION = re.compile(r"^\| [A-Z][^|]*\? \|", re.MULTILINE)


def places_in(text: str) -> Iterator[tuple[str, str]]:
    path = ""
    for found in PLACE.finditer(text):
        path = found[1] or path
        yield path, found[2] or ""


@cache
def names_in(path: Path) -> frozenset[str]:
    """What a module defines: its functions, classes, constants, and `Class.member`."""
    return frozenset(_names(ast.parse(path.read_text(encoding="utf-8")).body, ""))


def _names(body: list[ast.stmt], inside: str) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield inside + statement.name
        if isinstance(statement, ast.ClassDef):
            yield from _names(statement.body, f"{inside}{statement.name}.")
        targets = statement.targets if isinstance(statement, ast.Assign) else ()
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        for target in targets:
            if isinstance(target, ast.Name):
                yield inside + target.id


@pytest.mark.parametrize("paper", sorted({*ALL_PAPERS} - {BY_THE_END_OF_A_PATH}))
def test_every_place_a_paper_names_is_there(paper: str) -> None:
    missing = []
    for path, name in places_in((ROOT / paper).read_text(encoding="utf-8")):
        if path in WRITTEN_BY_A_DESK:
            continue
        there = ROOT / path
        is_known = there.is_file() and name in names_in(there) if name else there.exists()
        if not is_known:
            missing.append(f"{path}::{name}" if name else path)
    assert not missing, f"{paper} names what is not there: {', '.join(missing)}"


def test_the_papers_of_proofs_and_decisions_name_what_is_there() -> None:
    """By the end of its path: a fault of long ago has its guard where that is today."""
    known, missing = _by_name(), list[str]()

    def is_there(path: str, name: str) -> bool:
        there = [one for one in known[Path(path).name] if f"/{one}".endswith(f"/{path}")]
        return any(not name or name in _text(one) for one in there)

    for paper in (ROOT / BY_THE_END_OF_A_PATH, *sorted((ROOT / "docs/decisions").glob("*.md"))):
        text, path = paper.read_text(encoding="utf-8"), ""
        for found in CODE.finditer(text):
            path, name = found[1] or path, (found[2] or "").rpartition(".")[2]
            if not is_there(path, name):
                missing.append(found[0])
        for found in DOTTED.finditer(text):  # `polling/poll_batch.record_answers`
            module = f"{found[1]}.py"
            is_of_ours = "/" in module or module in known
            if is_of_ours and "." + found[2] not in SUFFIXES and not is_there(module, found[2]):
                missing.append(found[0])
    assert not missing, f"named and not there: {', '.join(missing)}"


def test_the_map_of_the_readme_is_the_tree() -> None:
    """Both ways: nothing on it is gone, and each room of `orders/` is on it."""
    drawn = MAP.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert drawn
    app, folders = "", set[str]()
    for line in drawn[1].splitlines():
        named = re.match(r"(\s*)((?:\w+/ *)+)", line)
        assert named, line
        app = app if named[1] else named[2].strip()
        folders |= {app} if not named[1] else {app + room for room in named[2].split()}
    assert not [folder for folder in folders if not (ROOT / folder).is_dir()]
    rooms = {f"orders/{path.name}/" for path in _rooms("orders")}
    assert rooms <= folders, rooms - folders


def _by_name() -> dict[str, list[str]]:
    known = defaultdict[str, list[str]](list)
    for folder in (*APPS, "tests", "benchmarks", "static", "templates"):
        for path in (ROOT / folder).rglob("*.*"):
            known[path.name].append(path.relative_to(ROOT).as_posix())
    return known


@cache
def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("paper", ALL_PAPERS)
def test_every_link_of_a_paper_leads_somewhere(paper: str) -> None:
    here = (ROOT / paper).parent
    links = LINK.findall((ROOT / paper).read_text(encoding="utf-8"))
    assert not [link for link in links if not (here / link).exists()]


def test_the_architecture_answers_questions_with_a_file_and_a_function() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if QUESTION.match(line)]
    assert len(rows) >= FEWEST_QUESTIONS
    assert not [row for row in rows if not any(name for _, name in places_in(row))]


def test_every_folder_of_an_app_is_in_the_picture() -> None:
    """A new room without a line on the page is a room that nobody finds."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = [f"{room.relative_to(ROOT)}/" for app in APPS for room in _rooms(app)]
    assert not [room for room in rooms if f"`{room}`" not in text]


def test_a_room_is_not_crowded_and_a_file_tells_one_story() -> None:
    modules = [
        path
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if path.name != "__init__.py" and not {"tests", "migrations"} & set(path.parts)
    ]
    crowded = [
        room
        for room, count in Counter(path.parent for path in modules).items()
        if count > MOST_FILES
    ]
    assert not crowded, crowded
    assert not [path for path in modules if _lines(path) > MOST_LINES]


@pytest.mark.parametrize("paper", SHORT_PAPERS)
def test_a_page_is_read_at_one_sitting(paper: str) -> None:
    assert _lines(ROOT / paper) <= LONGEST_PAGE


def test_the_examples_of_style_are_the_code() -> None:
    examples = EXAMPLE.findall((ROOT / "docs/style.md").read_text(encoding="utf-8"))
    assert len(examples) >= 10
    for path, code in examples:
        assert _bare(code) in _bare((ROOT / path).read_text(encoding="utf-8")), f"{path}:\n{code}"


def _rooms(app: str) -> list[Path]:
    folders = sorted((ROOT / app).iterdir())
    return [one for one in folders if one.name not in NO_ROOMS and any(one.glob("*.py"))]


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _bare(code: str) -> str:
    """Without indentation: an example stands at the left edge."""
    return "\n".join(line.strip() for line in code.strip().splitlines())


def test_the_paper_says_how_long_each_walk_is() -> None:
    said = re.findall(
        r"(?:click|status answer|recovery run) (\d+) \(", _text("docs/architecture.md")
    )
    assert [int(number) for number in said] == [*LONGEST.values()]
