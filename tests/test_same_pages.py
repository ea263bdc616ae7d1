"""What counts as the same page when each is drawn twice: what a browser shows, nothing less."""

from __future__ import annotations

import pytest

from tests.same_pages import lines


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<div><p>a b</p></div>", "<div>\n  <p>\n    a\n    b\n  </p>\n</div>"),
        ('<a class="x y" href="/">a</a>', '<a href="/"\n   class="y x">a</a>'),
        ('<a class="btn"><svg></svg>a</a>', '<a class="btn">\n  <svg></svg>\n  a\n</a>'),
        (
            '<div class="d-flex"><span>a</span></div>',
            '<div class="d-flex"><span>\n a\n</span></div>',
        ),
        ("<td><b>a</b></td>", "<td>\n  <b>a</b>\n</td>"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert lines(one) == lines(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>a<b>b</b></p>", "<p>a <b>b</b></p>"),
        ("<p><b>a</b><i>b</i></p>", "<p><b>a</b>\n<i>b</i></p>"),
        ("<p><b>a</b>.</p>", "<p><b>a </b>.</p>"),
        ("<td></td>", "<td>\n</td>"),
        ("<pre>a</pre>", "<pre>a\n</pre>"),
        ("<textarea>\na</textarea>", "<textarea>\n a</textarea>"),
        ('<a title="a b">c</a>', '<a title="a  b">c</a>'),
        ("<p>a</p>", "<p>a</p><p></p>"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert lines(one) != lines(other)
