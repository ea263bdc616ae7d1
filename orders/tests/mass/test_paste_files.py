"""A file is read in any encoding that says what it is, and refused in words in any other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.mass.read_file import text_of
from orders.mass.read_paste import NotAPaste, read_paste

TEXT = "service;link;quantity\r\n12;https://a.example/ä;3\r\n"
CELLS = {"service": "12", "link": "https://a.example/ä", "quantity": "3"}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("separator", [";", "\t", ",", "|"])
def test_what_a_spreadsheet_writes_is_read(encoding: str, separator: str) -> None:
    text = TEXT.replace(";", separator)
    [line] = read_paste(text_of(text.encode(encoding)))
    assert line.cells == CELLS


@pytest.mark.parametrize(
    "mark", [b"\xff\xfe", b"\xfe\xff"], ids=["the low byte first", "the high byte first"]
)
def test_a_mark_says_which_byte_is_first(mark: bytes) -> None:
    written = "utf-16-le" if mark == b"\xff\xfe" else "utf-16-be"
    assert text_of(mark + "12|ä|3".encode(written)) == "12|ä|3"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TEXT.encode("windows-1252"), "Line 2 of the file is not UTF-8"),
        ("1;привет;2".encode("windows-1251"), "Line 1 of the file is not UTF-8"),
        (b"1|a|2\n\n1|a\0b|2", "Line 3 of the file holds what is no text"),
        (b"\xef\xbb\xbf1|a\0b|2", "Line 1 of the file holds what is no text"),
        (b"PK\x03\x04\x14\x00\x06\x00", "file of a spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "file of a spreadsheet"),
        (b"\xff\xfe1\x00|\x00a", "broken off"),
        (b"\xff\xfe" + b"\x00\xd8" + b"1\x00", "broken off"),
        (b"\x00" * 100, "holds what is no text"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_another_file_is_refused_with_its_line(content: bytes, words: str) -> None:
    with pytest.raises(NotAPaste, match=words) as refusal:
        text_of(content)
    assert "CSV UTF-8" in str(refusal.value)


@given(st.binary(max_size=200) | st.text("\0\n1|aä").map(str.encode))
def test_any_bytes_at_all_are_text_without_nul_or_refused(content: bytes) -> None:
    try:
        text = text_of(content)
    except NotAPaste as refusal:
        assert str(refusal)
    else:
        assert "\0" not in text
        text.encode()
