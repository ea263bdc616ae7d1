"""Templates are read like code: lines that fit, and markup that many pages share in one place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(ROOT.rglob("*.html"))
SOURCES = [
    path.read_text(encoding="utf-8")
    for path in (*ROOT.rglob("*.html"), *Path(settings.BASE_DIR).glob("[cdop]*/**/*.py"))
]
NAMED = re.compile(r'"((?:orders|providers|dashboard)/[\w/]+\.html)')
WIDEST = 120  # bytes of UTF-8: an editor that counts those folds no line either
# What a component tag of core/templatetags/components.py draws; nobody writes it by hand.
DRAWN = re.compile(
    r'class="datagrid-item"'
    r'|class="badge-dot"'
    r'|role="search" aria-label'
    r'|class="table table-vcenter (?:card-table table-cards|table-cards card-table)"'
    r'|"_empty\.html"'
    r"|data-check-all="
    r'|"d-flex border-bottom order-tabs"'
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_line_fits(path: Path) -> None:
    lines = path.read_bytes().splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > WIDEST] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_written_by_hand_that_a_component_draws(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert DRAWN.findall(text) == []


def test_a_form_with_a_way_back_is_a_form_card() -> None:
    foot = re.compile(r"card-footer d-flex justify-content-(?:end gap-2|between)\">\s*<a ")
    by_hand = [path.name for path in TEMPLATES if foot.search(path.read_text(encoding="utf-8"))]
    assert by_hand == ["_form_card.html"]


def test_pages_of_orders_stand_in_the_room_of_their_view() -> None:
    rooms = {path.parent.relative_to(ROOT) for path in TEMPLATES} - {Path()}
    assert [room for room in rooms if not (settings.BASE_DIR / room).is_dir()] == []
    assert list((ROOT / "orders").glob("*.html")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_is_drawn_by_a_view_or_another_template(path: Path) -> None:
    if path.stem.isdecimal():
        return  # Django finds the pages of its errors by their status
    name = str(path.relative_to(ROOT))
    assert any(name in text for text in SOURCES)


def test_every_template_that_is_named_is_there() -> None:
    named = {name for text in SOURCES for name in NAMED.findall(text)}
    assert {name for name in named if not (ROOT / name).is_file()} == set()


TICK = re.compile(r"<input\b[^>]*?type=\"checkbox\".*?>\s*<", re.DOTALL)
# Of a list: which rows are meant, and no word of a person about what a page has shown.
OF_ROWS = re.compile(r'name="(?:order|refill|scope|send)"')


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_browser_brings_a_tick_back_that_was_about_an_earlier_question(path: Path) -> None:
    ticks = TICK.findall(path.read_text(encoding="utf-8"))
    given = [tick for tick in ticks if not OF_ROWS.search(tick)]
    assert [tick for tick in given if 'autocomplete="off"' not in tick] == []
