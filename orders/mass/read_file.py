"""The text of an uploaded file, in the encodings that spreadsheets write, or why it is none."""

from __future__ import annotations

import codecs

from core.regional.numbers import grouped

from .read_paste import NotAPaste

_MARKS = (  # the longer ones first: that of UTF-16 begins that of UTF-32
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")
_SAVE_AS = "Save it as “CSV UTF-8” and choose it again."
_LOOKED_AT = 4096  # bytes, enough to tell which half of each pair is empty


def text_of(content: bytes) -> str:
    """Raises NotAPaste, in words. UTF-8 and UTF-16 are read, with their mark or without.

    The encodings of one country are refused: which of them it is cannot be told, and the wrong
    one would order other letters than were written.
    """
    if content.startswith(_NO_TEXT):
        raise NotAPaste(f"This is a file of a spreadsheet or another program, no text. {_SAVE_AS}")
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    encoding = encoding or _without_mark(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if not encoding.startswith("utf-8"):
            raise NotAPaste(f"The file is broken off, or no text. {_SAVE_AS}") from None
        line = content[: error.start].count(b"\n") + 1
        raise NotAPaste(
            f"Line {grouped(line)} of the file is not UTF-8 text, so its letters cannot be told "
            f"for certain. {_SAVE_AS}"
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise NotAPaste(f"Line {grouped(line)} of the file holds what is no text. {_SAVE_AS}")
    return text


def _without_mark(content: bytes) -> str:
    """UTF-16 is known by its empty halves: separators, digits and line ends have one each."""
    even, odd = content[:_LOOKED_AT:2], content[1:_LOOKED_AT:2]
    for half, other, name in ((even, odd, "utf-16-be"), (odd, even, "utf-16-le")):
        if half.count(0) * 4 > len(half) and not other.count(0):
            return name
    return "utf-8"
