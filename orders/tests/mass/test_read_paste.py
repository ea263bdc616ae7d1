"""A paste becomes cells: whatever the separator, the quotes and the line ends."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.mass.read_paste import MOST_LINES, NotAPaste, digest_of, entries_of, read_paste

TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
)
PRINTED = TEXT.map(str.strip).filter(lambda text: text and not text.startswith("\ufeff"))


def written(rows: list[list[str]], separator: str, end: str) -> str:
    sheet = io.StringIO(newline="")
    csv.writer(sheet, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(
        rows
    )
    return sheet.getvalue()


@given(
    rows=st.lists(st.tuples(st.just("7"), PRINTED, PRINTED), min_size=1, max_size=20),
    separator=st.sampled_from("|,;\t"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    bom=st.sampled_from(["", "\ufeff"]),
)
def test_what_a_spreadsheet_writes_is_read_back(rows, separator, end, bom):
    named = [["Service", "Reference", "Note"], *map(list, rows)]
    lines = read_paste(bom + written(named, separator, end))
    assert [tuple(line.cells.values()) for line in lines] == rows


@given(st.lists(st.lists(TEXT, max_size=6), max_size=20), st.sampled_from("|,;\t"))
def test_every_text_is_read_or_refused_in_words(rows, separator):
    text = "\n".join(separator.join(row) for row in rows)
    try:
        lines = read_paste(text)
    except NotAPaste as refusal:
        assert str(refusal)
    else:
        numbers = [line.number for line in lines]
        assert numbers == sorted(set(numbers))
        assert all(text == text.strip() for line in lines for text in line.cells.values() if text)


@given(st.text(max_size=200))
def test_any_text_at_all_is_read_or_refused(text):
    try:
        assert read_paste(text)
    except NotAPaste as refusal:
        assert str(refusal)


def order(service: str, link: str, quantity: str, **more: str) -> dict[str, str]:
    return {"service": service, "link": link, "quantity": quantity, **more}


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("12 | https://a.example/x | 100", [order("12", "https://a.example/x", "100")]),
        ("12|a.example/?a=1,2;3|100", [order("12", "a.example/?a=1,2;3", "100")]),
        ("12,https://a.example/a|b,5", [order("12", "https://a.example/a|b", "5")]),
        (
            "\ufeff12\ta\t5\r\n\r\n13\tb\t6\r\n",
            [order("12", "a", "5"), order("13", "b", "6")],
        ),
        ("Service ID;URL;Qty\n1;a;2", [order("1", "a", "2")]),
        ("quantity;note;service\n5;soon;9", [{"quantity": "5", "note": "soon", "service": "9"}]),
        ("1|a|2|3", [order("1", "a", "2", more="3")]),
        ("sep=;\r\n1;a,b;2", [order("1", "a,b", "2")]),
        ('"sep=\t"\n1\ta\t2', [order("1", "a", "2")]),
        ("1|a\u2028b|2", [order("1", "a\u2028b", "2")]),
        ('1,"say ""hi""",2', [order("1", 'say "hi"', "2")]),
        ("service|comments\n1|one\\ntwo", [{"service": "1", "comments": "one\ntwo"}]),
        ("service,comments\n1,one|two", [{"service": "1", "comments": "one\ntwo"}]),
        ('service,comments\n1,"a|b\nc\\n"', [{"service": "1", "comments": "a|b\nc\\n"}]),
    ],
)
def test_how_lines_are_read(text, cells):
    assert [line.cells for line in read_paste(text)] == cells


def test_a_line_is_known_by_where_it_starts_in_the_text():
    text = 'service,comments\n1,"a\nb"\n\n2,c\n'
    assert [line.number for line in read_paste(text)] == [2, 5]
    assert [line.number for line in read_paste(f"sep=,\n{text}")] == [3, 6]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no lines"),
        (" \r\n\t\n", "no lines"),
        ("|||\n|\n", "no lines"),
        ("service|link\n", "no lines below"),
        ("sep=;\n", "no lines"),
        ("just words", "No separator"),
        ("service|link|colour\n1|a|red", "“colour”"),
        ("service|link|url\n1|a|b", "“link” twice"),
        ('1|a|2\n2|"never closed|3\n3|b|4', "Line 2: a quotation mark"),
        ('1,"a"b,2', "Line 1: a quotation mark"),
        ("x|" + "a" * 5 * 1024 * 1024, "more than 5 MB"),
        ("x|" + "ä" * 3 * 1024 * 1024, "more than 5 MB"),
        ("1|a|2\n" * (MOST_LINES + 1), "50,000 is the most"),
    ],
    ids=lambda value: value[:20],
)
def test_what_cannot_be_read_is_said(text, words):
    with pytest.raises(NotAPaste, match=words):
        read_paste(text)


def test_the_same_lines_have_the_same_digest_however_they_are_spaced():
    one, other = read_paste("1 | a | 2\n\n3|b|4"), read_paste("\ufeff1|a|2\r\n3 | b | 4\r\n")
    assert digest_of(one, 7) == digest_of(other, 7)
    assert digest_of(one, 7) != digest_of(one, 8)
    assert digest_of(one, 7) != digest_of(one[:1], 7)


def test_a_list_with_real_line_breaks_keeps_its_bars():
    assert entries_of("a|b\r\nc") == "a|b\nc"
