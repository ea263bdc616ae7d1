"""Tags as they are kept: lower case, one space before and after each, so that a search is exact."""

from __future__ import annotations

import re

TAG_LENGTH = 30
TAGS_LENGTH = 200  # of the column
TAG = re.compile(r"[\w-]+")


class NotATag(ValueError):
    """This cannot be a tag; says what is wrong."""


def read_tags(text: str) -> str:
    """Words apart by spaces or commas as the column keeps them: " urgent spring ", or "".

    Raises NotATag, in words for whoever typed it.
    """
    words = [word.removeprefix("#").casefold() for word in re.split(r"[\s,;]+", text) if word]
    for word in words:
        if not TAG.fullmatch(word):
            raise NotATag(f"“{word}”: a tag is made of letters, digits, - and _.")
        if len(word) > TAG_LENGTH:
            raise NotATag(f"“{word}” is too long: a tag has {TAG_LENGTH} characters at most.")
    kept = f" {' '.join(dict.fromkeys(words))} " if words else ""
    if len(kept) > TAGS_LENGTH:
        raise NotATag(f"Too many tags: all together have {TAGS_LENGTH - 2} characters at most.")
    return kept


def without(kept: str, dropped: str) -> str:
    """The tags of a column without those of another text, both as `read_tags` spells them."""
    gone = set(dropped.split())
    return read_tags(" ".join(word for word in kept.split() if word not in gone))
