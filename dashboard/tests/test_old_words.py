"""Texts for people use the names of the menu, none of those that were given up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
OLD = re.compile(r"\b(batch|batches|job|jobs|ticked|the guard)\b", re.IGNORECASE)
TAGS = re.compile(
    r"\{#.*?#\}|\{%(?! (?:empty_state|nothing_yet) ).*?%\}|\{\{.*?\}\}|<[^>]*>", re.DOTALL
)
SENTENCE = re.compile(r"[A-Z“].*[.!?]$", re.DOTALL)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = sorted(
    path
    for app in ("core", "dashboard", "orders", "providers")
    for path in (ROOT / app).rglob("*.py")
    if not {"tests", "migrations"} & set(path.parts)
)


def sentences(source: str) -> Iterator[str]:
    """What code says to people: texts that begin and end like a sentence and explain no code."""
    tree = ast.parse(source)
    explained = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in explained:
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            text = "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
            if SENTENCE.match(text):
                yield text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_page_uses_an_old_name(path: Path) -> None:
    assert OLD.findall(TAGS.sub(" ", path.read_text())) == []


def test_no_message_uses_an_old_name() -> None:
    found = {
        f"{path.name}: {text}"
        for path in PAGES
        for text in sentences(path.read_text())
        if OLD.search(text)
    }
    assert found == set()
