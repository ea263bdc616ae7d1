"""Proof that a change of layout changes no page: a pytest plugin that renders each one twice.

Every page and part that a test asks for is drawn with today's templates and, from the same context,
with the templates of an earlier commit. The two have to be the same but for white space that no
browser shows. The run fails at its end if one differed; see `docs/style.md`.

    git worktree add ../before COMMIT
    SAME_PAGES=../before/templates python -m pytest -p tests.same_pages core \\
        providers orders dashboard
"""

from __future__ import annotations

import copy
import difflib
import os
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.template.backends.django import DjangoTemplates, Template
from django.template.exceptions import TemplateDoesNotExist

BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body br canvas datalist dd details dialog div dl dt"
        " fieldset figure footer form h1 h2 h3 h4 h5 h6 head header hr html legend li link main"
        " meta nav noscript ol optgroup option p polygon polyline pre script section summary table"
        " tbody td template tfoot th thead title tr ul",
    )
)
NO_TEXT = frozenset(
    ("head", "html", "svg", "select", "datalist", "table", "thead", "tbody", "tr", "ul", "ol", "dl")
)
BOXES = frozenset(
    (
        "btn",
        "btn-list",
        "d-flex",
        "d-inline-flex",
        "row",
        "kpi",
        "badge",
        "dropdown-item",
        "nav-link",
        "delivered",
    )
)
BLOCK_CLASSES = frozenset(("d-block", "form-check", "form-control", "form-select"))
EXACT = frozenset(("textarea", "pre"))
EXACT_CLASSES = frozenset(("kept-value",))
VOID = frozenset(
    (
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    )
)
TOKEN = re.compile(r"\b[A-Za-z0-9]{64}\b")  # the same CSRF token is masked anew in each render


class _Tree(HTMLParser):
    """Lines of a page: tags with sorted attributes, texts with the white space that shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.nodes: list[tuple[str, str, Any]] = []
        self.opened: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: TOKEN.sub("token", value or "") for name, value in attrs}
        told["class"] = " ".join(sorted(told.get("class", "").split()))
        if "content" in told:  # JSON for htmx
            told["content"] = "".join(told["content"].split())
        self.nodes.append(("open", tag, told))
        if tag not in VOID:
            self.opened.append((tag, told))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self.opened:
            self.nodes.append(("close", tag, self.opened.pop()[1]))

    def handle_data(self, data: str) -> None:
        self.nodes.append(("text", "", data))

    def handle_decl(self, decl: str) -> None:
        self.nodes.append(("open", "!", {"class": "", "decl": decl}))


def _is_edge(node: tuple[str, str, Any] | None) -> bool:
    """Whether white space beside it is nothing: a block, or what is not drawn."""
    if node is None:
        return True
    kind, tag, told = node
    return kind != "text" and (
        tag in BLOCKS
        or tag == "!"
        or told.get("type") == "hidden"
        or bool(BLOCK_CLASSES & set(told["class"].split()))
    )


def lines(html: str) -> list[str]:
    """What a browser makes of a page."""
    tree = _Tree()
    tree.feed(html)
    tree.close()
    stack: list[tuple[str, frozenset[str]]] = [("", frozenset())]
    shown: list[str] = []
    for at, (kind, tag, content) in enumerate(tree.nodes):
        before = tree.nodes[at - 1] if at else None
        after = tree.nodes[at + 1] if at + 1 < len(tree.nodes) else None
        if kind == "open":
            attributes = " ".join(f"{name}={value!r}" for name, value in sorted(content.items()))
            shown.append(f"<{tag} {attributes}>")
            if tag not in VOID and tag != "!":
                stack.append((tag, frozenset(content["class"].split())))
        elif kind == "close":
            shown.append(f"</{tag}>")
            if len(stack) > 1:
                stack.pop()
        else:
            shown += _text(content, before, after, stack)
    return shown


def _text(
    text: str,
    before: tuple[str, str, Any] | None,
    after: tuple[str, str, Any] | None,
    stack: list[tuple[str, frozenset[str]]],
) -> list[str]:
    parent, classes = stack[-1]
    if any(tag in EXACT or EXACT_CLASSES & names for tag, names in stack):
        return [repr(text)]
    words = re.sub(r"[ \t\r\n]+", " ", text)
    if parent == "time":
        return []  # how long ago: the second drawing may be a second later
    if words == " " and before and after and before[:2] == ("open", "td") and after[1] == "td":
        return ["(white space alone)"]  # a style asks for td:empty
    in_box = parent in NO_TEXT or bool(classes & BOXES)
    is_box = len(stack) > 1 and bool(stack[-2][1] & BOXES)
    if in_box or _is_edge(before) or (is_box and before and before[0] == "open"):
        words = words.removeprefix(" ")
    if in_box or _is_edge(after) or (is_box and after and after[0] == "close"):
        words = words.removesuffix(" ")
    return [words] if words else []


_found: dict[str, str] = {}
_compared: dict[str, int] = {}
_before: list[DjangoTemplates] = []
_render = Template.render
_get = DjangoTemplates.get_template


def _engine() -> DjangoTemplates:
    if not _before:
        told = copy.deepcopy(settings.TEMPLATES[0])
        told.pop("BACKEND")
        told.update(NAME="before", DIRS=[os.environ["SAME_PAGES"]], APP_DIRS=False)
        _before.append(DjangoTemplates(told))
    return _before[0]


def _get_named(backend: DjangoTemplates, name: str) -> Template:
    template = _get(backend, name)
    vars(template)["asked_for"] = name  # of a part the name alone says not which page it is of
    return template


def _render_twice(template: Any, context: Any = None, request: Any = None) -> Any:
    now = _render(template, context, request)
    name = vars(template)["asked_for"]
    try:
        earlier = _get(_engine(), name)
    except TemplateDoesNotExist:
        if not name.startswith("django/"):  # its own widgets
            _found[name] = "There was no such template."
        return now
    then = _render(earlier, context, request)
    _compared[name] = _compared.get(name, 0) + 1
    one, other = lines(str(then)), lines(str(now))
    if one != other:
        difference = difflib.unified_diff(one, other, "before", "after", lineterm="", n=2)
        _found.setdefault(
            f"{name} in {os.environ.get('PYTEST_CURRENT_TEST')}", "\n".join(difference)
        )
    return now


@pytest.fixture(autouse=True, scope="session")
def _twice() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DjangoTemplates, "get_template", _get_named)
        patch.setattr(Template, "render", _render_twice)
        yield


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.section("pages drawn twice")
    terminalreporter.line(f"{sum(_compared.values())} of {len(_compared)} templates compared")
    for name, difference in _found.items():
        terminalreporter.line(f"{name}\n{difference[:3000]}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
