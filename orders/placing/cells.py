"""What a cell or a field means, however a spreadsheet, a chat or a page had written it."""

from __future__ import annotations

import re

from core.texts import without_unseen

LISTS_OF_NAMES = frozenset({"usernames", "hashtags"})  # no entry of theirs holds a space or comma

_WHOLE = re.compile(r"([0-9]+)[.,]0+")
_MAYBE_THOUSANDS = re.compile(r"[0-9]{1,3}[.,]000")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?: [0-9]{3})+|(?:['’][0-9]{3})+)")
_FORMULA = re.compile(r'=\s*HYPERLINK\s*\(\s*"((?:[^"]|"")+)"\s*(?:[;,].*)?\)', re.I | re.S)
_MARKDOWN = re.compile(
    r"!?\[[^\]]*\]\(\s*(?:<([^<>]+)>|([^\s()]*(?:\([^\s()]*\)[^\s()]*)*))"
    r"""(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)"""
)
_ANCHOR = re.compile(r"""<a\s[^>]*?href\s*=\s*(?:"([^"]+)"|'([^']+)')[^>]*>.*?</a>""", re.I | re.S)
_POINTED = re.compile(r"<([^<>\s]+)>")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|[^\s/.]+(?:\.[^\s/.]+)+/", re.I)
_LEFT_OVER = re.compile(r"=|!?\[[^\]]*\]\s*\(|<")


def address_in(text: str) -> str:
    """The bare address of a link written as a formula, in markdown, in pointed brackets or HTML;
    anything else as it is, without signs nobody sees."""
    link = without_unseen(text)
    if formula := _FORMULA.fullmatch(link):
        return formula[1].replace('""', '"').strip()
    for written in (_MARKDOWN, _ANCHOR, _POINTED):
        if found := written.fullmatch(link):
            return next(part for part in found.groups() if part is not None).strip()
    return link


def is_written_around(link: str) -> bool:
    """What is left is no address: a formula of another kind, or markup that is not closed."""
    return bool(_LEFT_OVER.match(link))


def holds_more(link: str) -> bool:
    """There is an address in it and a space: two addresses in one cell, or one cut by a space."""
    words = link.split()
    return len(words) > 1 and any(_ADDRESS.match(word) for word in words)


def id_in(text: str) -> str:
    """A provider's number of a service: 1204 also where a spreadsheet made 1204.0 of it. 12.000
    stays: it may be service 12 or 12000."""
    number = without_unseen(text)
    whole = None if _MAYBE_THOUSANDS.fullmatch(number) else _WHOLE.fullmatch(number)
    return whole[1] if whole else number


def number_in(text: str) -> str:
    """A whole number without what sets its thousands apart: commas as on the pages of the desk,
    spaces, apostrophes. A point stays: 1.000 may be a thousand or one."""
    number = without_unseen(text)
    return re.sub("[,' ’]", "", number) if _GROUPED.fullmatch(number) else number


def names_in(text: str) -> str:
    """Names one a line, also where commas, semicolons or spaces parted them in a cell."""
    lines = (re.split(r"[,;\s]+", without_unseen(line)) for line in re.split(r"[\r\n]", text))
    return "\n".join(name for names in lines for name in names if name)
