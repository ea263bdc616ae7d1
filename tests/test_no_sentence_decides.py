"""What a person reads decides nothing: no sentence is compared with another, a code is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("core", "dashboard", "orders", "providers")
ASKS = frozenset({"filter", "exclude", "get"})
WORDED = frozenset({"text", "reason", "words", "note"})  # of rows, in sentences


def _sources() -> list[Path]:
    every = (path for app in OURS for path in (ROOT / app).rglob("*.py"))
    return sorted(path for path in every if not {"tests", "migrations"} & set(path.parts))


def _is_sentence(node: ast.expr | None) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return len(text.split()) > 2
        case ast.JoinedStr(values=parts):
            return any(_is_sentence(part) for part in parts)
    return False


def _sentences() -> frozenset[str]:
    """The names of constants that are one."""
    found = set[str]()
    for path in _sources():
        for node in ast.parse(path.read_text()).body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    pass
                case ast.AnnAssign(target=ast.Name(id=name), value=value):
                    pass
                case _:
                    continue
            if _is_sentence(value):
                found.add(name)
    return frozenset(found)


def _decided_by_words(tree: ast.AST, sentences: frozenset[str]) -> Iterator[int]:
    """The lines where a sentence is compared, or rows are found by one."""

    def is_one(node: ast.expr) -> bool:
        match node:
            case ast.Attribute(value=ast.Name(id=of)) if not of.islower():
                return False  # a member of an enumeration
        name = getattr(node, "id", getattr(node, "attr", ""))
        return name in sentences or _is_sentence(node)

    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                if any(map(is_one, (left, *others))):
                    yield node.lineno
            case ast.Call(func=ast.Attribute(attr=name), keywords=keywords) if name in ASKS:
                for keyword in keywords:
                    asked = keyword.arg in WORDED and not isinstance(keyword.value, ast.Constant)
                    if asked or is_one(keyword.value):
                        yield node.lineno


def test_nothing_is_decided_by_a_sentence() -> None:
    sentences = _sentences()
    assert "MAY_BE_RESTORED" in sentences
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in _sources()
        for line in _decided_by_words(ast.parse(path.read_text()), sentences)
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "if outcome.reason == MAY_BE: pass",
        "x = said.reason in (MAY_BE, 1) or MAY_BE != y",
        "if words == 'It was sent before': pass",
        "rows.filter(text=words)",
        "rows.exclude(cause=MAY_BE)",
    ],
)
def test_a_sentence_that_decides_is_seen(source: str) -> None:
    assert list(_decided_by_words(ast.parse(source), frozenset({"MAY_BE"}))) == [1]
